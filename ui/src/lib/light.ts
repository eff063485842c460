// How well the picture leaves the phone, as a traffic light.

/** What was sent since the last look. */
export interface Sent {
  kbps: number;
  /** Share of packets that the other side misses, 0 to 1. */
  loss: number;
  /** What the browser thinks the line carries; 0 when it does not say. */
  room_kbps: number;
}

export type Light = "green" | "yellow" | "red";

/** A 720p face needs about this much; under the second figure it becomes a slide show. */
const WELL_KBPS = 900;
const BARELY_KBPS = 350;

export function light({ kbps, loss, room_kbps }: Sent): Light {
  // A still picture needs few bits: a roomy line is green even then.
  const carried = Math.max(kbps, room_kbps);
  if (kbps <= 0 || carried < BARELY_KBPS || loss > 0.1) return "red";
  if (carried < WELL_KBPS || loss > 0.03) return "yellow";
  return "green";
}

/** How much smaller the picture may become. */
const SIZES = [1, 1.5, 2];
/** Looks at a red light after which less is sent. */
const RED_LOOKS = 4;
/** So long the sound goes alone before the picture is tried again; twice as long each time that fails. */
const ALONE_MS = 15_000;
const ALONE_MOST_MS = 120_000;

/** What is sent: a smaller picture while the light stays red, then the sound alone, which is what a show cannot lack. */
export class Retreat {
  private step = 0;
  private reds = 0;
  private until = Infinity;
  private alone = ALONE_MS;

  /** The picture is this many times smaller; 0: there is none. */
  get size(): number {
    return SIZES[this.step] ?? 0;
  }

  /** Whether this look changes what is sent. */
  look(shows: Light, now_ms: number): boolean {
    // Without a picture nothing measures the line, so it is tried.
    if (!this.size) return now_ms >= this.until && this.go(-1);
    if (shows === "green") this.alone = ALONE_MS;
    this.reds = shows === "red" ? this.reds + 1 : 0;
    if (this.reds < RED_LOOKS) return false;
    this.go(1);
    if (!this.size) {
      this.until = now_ms + this.alone;
      this.alone = Math.min(this.alone * 2, ALONE_MOST_MS);
    }
    return true;
  }

  private go(by: number): true {
    this.step += by;
    this.reds = 0;
    return true;
  }
}

/** Words for an uplink before going on air. */
export function uplinkWord(kbps: number): "good" | "fair" | "poor" {
  return kbps >= 2_500 ? "good" : kbps >= 1_000 ? "fair" : "poor";
}

/** The ceiling to ask the encoder for: seven tenths of the line, never below what shows a face. */
export function ceiling(kbps: number | null): number {
  return Math.round(Math.min(2_000, Math.max(500, (kbps ?? 2_500) * 0.7))) * 1000;
}

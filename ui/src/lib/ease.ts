// Which of a show's two pictures a line carries: the large one, or the small one, whose files begin with an "l".
//
// The player loads this once the picture moves. After every part the chain asks `turn`; when the other picture should
// be played, it goes on there from the newest key picture that is still to be seen, so that nothing stands still.
import type { Got, Join, Sink, Turn } from "./chain";

/** The picture that is played. */
export type Layer = "" | "l";

/** Further behind than the line was at its best, for so long, is too thin: what hiccups catches up. */
const BEHIND_MS = 400;
const THIN_MS = 2_000;
/** The best is forgotten by this share of the time that passes. */
const FORGET = 0.02;
/** Standing still twice within this says the same. */
const STALLS_MS = 10_000;
/** So long without trouble, and the large picture is tried again… */
const EASE_MS = 20_000;
/** …and when that goes wrong this soon, the next wait is twice as long, up to this. */
const REGRET_MS = 15_000;
const EASE_MOST_MS = 160_000;
/** The key picture to go on from must be at least this far ahead of what is seen. */
const AHEAD_MS = 80;

/** Decides by what arrives. Times in milliseconds. */
export class Line {
  private last_ms = 0;
  private best = Infinity;
  private behindSince = Infinity;
  private stalls: number[] = [];
  private calmSince = 0;
  private wentUp = -Infinity;
  private ease = EASE_MS;

  /** A part came; before it the media reached to `media_ms`. */
  arrived(now_ms: number, media_ms: number): void {
    const lag = now_ms - media_ms;
    this.best = Math.min(lag, this.best + (now_ms - this.last_ms) * FORGET);
    this.last_ms = now_ms;
    this.behindSince = lag - this.best > BEHIND_MS ? Math.min(this.behindSince, now_ms) : Infinity;
  }

  stalled(now_ms: number): void {
    this.stalls = [...this.stalls.filter((at) => at > now_ms - STALLS_MS), now_ms];
  }

  /** What to play from now on. */
  choose(layer: Layer, now_ms: number): Layer {
    if (now_ms - this.behindSince >= THIN_MS || this.stalls.filter((at) => at > now_ms - STALLS_MS).length > 1) {
      this.calmSince = now_ms;
      if (layer === "") return "l";
    }
    return layer === "l" && now_ms - this.calmSince >= this.ease ? "" : layer;
  }

  /** The other picture is played now, or there is none: what was seen of the line before says nothing any more. */
  turned(layer: Layer, now_ms: number): void {
    if (layer === "") this.wentUp = now_ms;
    else this.ease = now_ms - this.wentUp < REGRET_MS ? Math.min(this.ease * 2, EASE_MOST_MS) : EASE_MS;
    [this.best, this.behindSince, this.stalls] = [Infinity, Infinity, []];
    this.calmSince = now_ms;
  }
}

/** Watches a video's line; answers what the chain asks with every part. */
export function watch(video: HTMLVideoElement): NonNullable<Sink["turn"]> {
  const ease = new Ease(video);
  return (layer, fetched) => ease.turn(layer, fetched).catch(() => null);
}

class Ease {
  private readonly line = new Line();
  /** There is no other picture: asked again after this. */
  private notBefore = 0;

  constructor(private readonly video: HTMLVideoElement) {
    video.addEventListener("waiting", () => video.seeking || this.line.stalled(performance.now()));
  }

  /** Where to go on, when not where we are. */
  async turn(layer: Layer, fetched: (file: string) => Promise<Got>): Promise<Turn | null> {
    const now = performance.now();
    const held = this.video.buffered;
    if (held.length) this.line.arrived(now, held.end(held.length - 1) * 1000);
    const want = this.line.choose(layer, now);
    if (want === layer || now < this.notBefore) return null;
    const answer = await fetched(`${want}join`);
    const join = answer.ok ? (JSON.parse(new TextDecoder().decode(answer.bytes)) as Join) : null;
    if (join?.state !== "live") {
      this.notBefore = now + EASE_MS;
      return null;
    }
    if (join.first_ms! < this.video.currentTime * 1000 + AHEAD_MS) return null;
    this.line.turned(want, now);
    return { layer: want, next: join.next };
  }
}

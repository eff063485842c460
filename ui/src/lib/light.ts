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

/** Words for an uplink before going on air. */
export function uplinkWord(kbps: number): "good" | "fair" | "poor" {
  return kbps >= 2_500 ? "good" : kbps >= 1_000 ? "fair" : "poor";
}

/** The ceiling to ask the encoder for: seven tenths of the line, never below what shows a face. */
export function ceiling(kbps: number | null): number {
  return Math.round(Math.min(2_000, Math.max(500, (kbps ?? 2_500) * 0.7))) * 1000;
}

// Sums about buffered ranges, apart from any video element.

/** Buffered time as pairs of start and end, in order. */
export type Ranges = readonly (readonly [number, number])[];

/** Holes shorter than this are rounding, not gaps. */
const ROUNDING = 0.03;

/** Copies a TimeRanges. */
export function ranges(from: TimeRanges): Ranges {
  return Array.from({ length: from.length }, (_, n) => [from.start(n), from.end(n)] as const);
}

/** Seconds that can still be played from `time` without a hole. */
export function ahead(buffered: Ranges, time: number): number {
  let end = time;
  for (const [from, to] of buffered) if (from <= end + ROUNDING && to > end) end = to;
  return end - time;
}

/** A standing picture may leave this much before a hole: sound and picture do not end together. */
const REST = 0.25;
/** Of a picture that has stood for a moment, more: a browser may wait for some pictures before it moves again. */
const STUCK_REST = 1;

/** Where to land when the picture stands before a hole (a publisher came back, a part was lost); null if it can play on. */
export function overHole(buffered: Ranges, time: number, stuck = false): number | null {
  const left = ahead(buffered, time);
  if (left > (stuck ? STUCK_REST : REST)) return null;
  const next = buffered.find(([from]) => from > time + left + ROUNDING);
  return next ? next[0] + 0.001 : null;
}

/** Where to start or to jump: `behind` seconds before the end, but inside the last range. */
export function edge(buffered: Ranges, behind: number): number | null {
  const last = buffered[buffered.length - 1];
  return last ? Math.max(last[0], last[1] - behind) : null;
}

/** Up to where old media may go: keeps `keep` seconds, and only when more than twice that is held. */
export function stale(buffered: Ranges, time: number, keep: number): number | null {
  const first = buffered[0];
  return first && first[0] < time - 2 * keep ? time - keep : null;
}

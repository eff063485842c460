// Where a cue sheet stands after so many seconds.

export interface Cue {
  seconds: number;
}

export interface Standing {
  place: number;
  /** Seconds left of this cue. */
  left: number;
  /** How much of it is over, 0 to 1. */
  share: number;
  /** Everything was said. */
  over: boolean;
}

export function at(cues: readonly Cue[], seconds: number): Standing {
  let from = 0;
  for (const [place, cue] of cues.entries()) {
    const into = seconds - from;
    if (into < cue.seconds) return { place, left: cue.seconds - Math.max(0, into), share: Math.max(0, into) / cue.seconds, over: false };
    from += cue.seconds;
  }
  return { place: Math.max(0, cues.length - 1), left: 0, share: 1, over: true };
}

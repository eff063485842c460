// Waiting before another try: doubling, capped, and spread so that a room of thousands does not come back at once.

/** Grows from `first` to `most` milliseconds; `reset()` after success. */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly first: number,
    private readonly most: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait now: between half and the whole of the doubled step. */
  next(): number {
    const step = Math.min(this.most, this.first * 2 ** Math.min(this.tries++, 16));
    return step / 2 + (this.random() * step) / 2;
  }

  /** How often it was asked since the last success. */
  get count(): number {
    return this.tries;
  }

  reset(): void {
    this.tries = 0;
  }
}

/** Sleeps, but wakes at once when the signal says stop. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      done();
    }
    if (signal?.aborted) finish();
    else signal?.addEventListener("abort", finish);
  });
}

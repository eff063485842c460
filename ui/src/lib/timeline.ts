// Events that belong to a frame: held until the media clock has passed their time.

/** Anything with a moment on the media clock. */
export interface Timed {
  type: string;
  at_ms: number;
}

/** Live: what was pinned a second ahead of the picture waits for the picture. */
export class Hold<E extends Timed> {
  private waiting: E[] = [];

  /** Nothing is held longer after its time than `patience_ms` without a picture, and `longest_ms` behind a late one. */
  constructor(
    private readonly patience_ms = 4_000,
    private readonly longest_ms = 12_000,
  ) {}

  put(event: E): void {
    this.waiting.push(event);
    this.waiting.sort((a, b) => a.at_ms - b.at_ms);
  }

  /** What is due, in order. `clock` is the media clock, `wall` the time of day. */
  due(clock: number | null, wall: number): E[] {
    const ready = ({ at_ms }: E): boolean =>
      clock === null ? at_ms + this.patience_ms < wall : at_ms <= clock || at_ms + this.longest_ms < wall;
    let count = 0;
    while (count < this.waiting.length && ready(this.waiting[count]!)) count++;
    return this.waiting.splice(0, count);
  }

  /** Takes out what fits, due or not. */
  take(fits: (event: E) => boolean): E[] {
    const taken = this.waiting.filter(fits);
    this.waiting = this.waiting.filter((event) => !fits(event));
    return taken;
  }

  clear(): void {
    this.waiting = [];
  }
}

/** A step of the clock in a replay: the events to add; after a seek everything is told anew. */
export interface Told<E> {
  fresh: boolean;
  events: E[];
}

/** A step longer than this is a seek, not playing. */
const SEEK_MS = 3_000;

/** Replay: all events are known; the clock may go anywhere. */
export class Timeline<E extends Timed> {
  private readonly events: E[];
  private next = 0;
  private last: number | null = null;

  constructor(events: readonly E[]) {
    this.events = [...events].sort((a, b) => a.at_ms - b.at_ms);
  }

  move(clock: number): Told<E> {
    const from = this.last;
    this.last = clock;
    const fresh = from === null || clock < from || clock - from > SEEK_MS;
    if (fresh) this.next = 0;
    const start = this.next;
    while (this.next < this.events.length && this.events[this.next]!.at_ms <= clock) this.next++;
    return { fresh, events: this.events.slice(start, this.next) };
  }
}

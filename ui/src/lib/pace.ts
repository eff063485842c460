// How far behind the newest frame to play, and how fast to get there.
//
// Parts arrive in lumps, so the lowest point of the forward buffer is what protects from a stall. The pace keeps that
// low point at a target: small on a calm line, larger after stalls and on a line whose parts come irregularly.

/** Seconds of buffer at the low point on a perfect line; less stalled in every measurement. */
const CALMEST = 0.15;
/** More than this is not "live" any more; a line that needs it would rather jump. */
const WILDEST = 0.6;
/** One stall asks for this much more. */
const STALL_STEP = 0.09;
/** Without stalls the extra melts by this share in a second. */
const MELT = 0.01;
/** With every part so much of the latest one's lateness counts on: on a line that loses packets the next comes soon. */
const FORGIVEN = 0.995;
/** How long after a stall nothing hurries. */
const REST_MS = 2_000;
/** So far behind that a jump is kinder than minutes of fast speech. */
const JUMP = 1.5;
/** In the first moment nobody has heard anything yet: a smaller lead over the target is jumped over. */
const FIRST_JUMP = 0.35;

/** What to do now: a playback rate, or a jump to the live edge. */
export interface Step {
  rate: number;
  jump: boolean;
}

/** Keeps the low point of the buffer at its target. All times in seconds unless named `_ms`. */
export class Pace {
  private low = Infinity;
  private extra = 0;
  private late = 0;
  private lastArrival = 0;
  private lastStall = -Infinity;
  private lastStep = 0;
  private fresh = false;

  constructor(
    private part: number,
    private readonly calmest = CALMEST,
  ) {}

  /** The aim for the low point. */
  get target(): number {
    return Math.min(WILDEST, this.calmest + this.extra + Math.max(0, this.late - 0.06));
  }

  /** How far behind the newest frame to land: the part after it may take its whole length to come. */
  get reach(): number {
    return this.target + this.part;
  }

  /** The picture begins to move. What was made while the page loaded comes in a burst, and shows how far behind it is. */
  begun(now_ms: number): void {
    this.interrupted();
    this.fresh = true;
    this.lastStep = now_ms;
  }

  /** The stream's part length, once it is known. */
  partLength(seconds: number): void {
    this.part = seconds;
  }

  /** A look at the forward buffer. */
  sample(ahead: number): void {
    this.low = Math.min(this.low, ahead);
  }

  /** A live part came; lateness against its own length is the line's jitter. */
  arrived(now_ms: number): void {
    if (this.lastArrival) {
      const late = (now_ms - this.lastArrival) / 1000 - this.part;
      this.late = Math.max(Math.min(late, WILDEST), this.late * FORGIVEN);
    }
    this.lastArrival = now_ms;
  }

  /** After a break (rejoin, sleep of the phone) the next gap says nothing about the line. */
  interrupted(): void {
    this.lastArrival = 0;
    this.low = Infinity;
  }

  /** The picture stood still. */
  stalled(now_ms: number): void {
    if (now_ms - this.lastStall > 500) this.extra = Math.min(WILDEST - this.calmest, this.extra + STALL_STEP);
    this.lastStall = now_ms;
  }

  /** Asked every 700 ms or so. */
  step(now_ms: number): Step | null {
    if (this.low === Infinity) return null;
    const low = this.low;
    this.low = Infinity;
    const passed = this.lastStep ? (now_ms - this.lastStep) / 1000 : 0;
    this.lastStep = now_ms;
    this.extra *= (1 - MELT) ** Math.min(passed, 5);
    const over = low - this.target;
    const first = this.fresh && over > FIRST_JUMP;
    this.fresh = false;
    if (low > JUMP || first) return { rate: 1, jump: true };
    if (over > 0.35) return { rate: 1.15, jump: false };
    if (over > 0.12 && this.rested(now_ms)) return { rate: 1.08, jump: false };
    if (over > 0.04 && this.rested(now_ms)) return { rate: 1.04, jump: false };
    if (over < -0.06) return { rate: 0.96, jump: false };
    return { rate: 1, jump: false };
  }

  private rested(now_ms: number): boolean {
    return now_ms - this.lastStall > REST_MS;
  }
}

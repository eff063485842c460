// Pre-flight: what would spoil a show, found in the picture, the voice, the line and the phone before air.
//
// Each finding is one word; the page has the sentence and the remedy. The picture is judged on a thumbnail of its
// brightness, so that an old phone can do it four times a second.

export type Finding = "dark" | "backlit" | "shaking" | "sideways" | "muted" | "quiet" | "lossy" | "battery";

/** Brightness of a thumbnail, row by row, 0 to 255. */
export type Thumb = Uint8Array;
export const WIDTH = 32;
export const HEIGHT = 32;

/** A face under this cannot be made out; the goods even less. */
const DARK = 45;
/** Backlit: the darker half of the middle is under the one, the rim over the other. */
const DIM = 60;
const BRIGHT = 140;
/** Thumbnails that are judged together: three seconds. */
const MEMORY = 12;
/** How far a picture may have moved from one thumbnail to the next, in pixels of the thumbnail. */
const REACH = 4;
/** Shaking: this share of steps moves, and it moves to and fro. */
const RESTLESS = 0.6;
/** A voice rises over this at least once in a while. */
const VOICE = 0.25;
const QUIET_MS = 8_000;
/** A phone that has less and is not charging does not live through a show. */
const BATTERY = 0.2;
/** Small requests that time the line, and what a good line does with them. */
const PINGS = 8;
const PING_BYTES = 512;
const PATIENCE_MS = 3_000;
const LATE_MS = 400;

/** A picture's brightness (ITU-R BT.601 weights). */
export function brightness(rgba: Uint8ClampedArray): Thumb {
  const thumb = new Uint8Array(rgba.length / 4);
  for (let at = 0; at < thumb.length; at++) thumb[at] = 0.299 * rgba[at * 4]! + 0.587 * rgba[at * 4 + 1]! + 0.114 * rgba[at * 4 + 2]!;
  return thumb;
}

/** What is wrong with the light. */
export function light(thumb: Thumb): "dark" | "backlit" | null {
  const [middle, rim]: [number[], number[]] = [[], []];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const isMiddle = x >= WIDTH / 4 && x < (WIDTH * 3) / 4 && y >= HEIGHT / 4 && y < (HEIGHT * 3) / 4;
      (isMiddle ? middle : rim).push(thumb[y * WIDTH + x]!);
    }
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const darker = middle.sort((a, b) => a - b).slice(0, middle.length / 2);
  if (mean(darker) < DIM && mean(rim) > BRIGHT) return "backlit";
  return mean([...thumb]) < DARK ? "dark" : null;
}

/** By how much the whole picture has moved: the shift under which two thumbnails differ least. */
export function shift(before: Thumb, after: Thumb): [number, number] {
  let [best, at]: [number, [number, number]] = [difference(before, after, 0, 0) * 0.9, [0, 0]];
  for (let dy = -REACH; dy <= REACH; dy++) {
    for (let dx = -REACH; dx <= REACH; dx++) {
      const differs = difference(before, after, dx, dy);
      if (differs < best) [best, at] = [differs, [dx, dy]];
    }
  }
  return at;
}

function difference(before: Thumb, after: Thumb, dx: number, dy: number): number {
  let sum = 0;
  for (let y = REACH; y < HEIGHT - REACH; y++) {
    for (let x = REACH; x < WIDTH - REACH; x++) sum += Math.abs(before[y * WIDTH + x]! - after[(y + dy) * WIDTH + x + dx]!);
  }
  return sum;
}

/** Whether a hand shakes: it moves nearly always, and comes back. A camera that is turned moves one way. */
export function shakes(thumbs: readonly Thumb[]): boolean {
  if (thumbs.length < MEMORY) return false;
  const steps = thumbs.slice(1).map((thumb, at) => shift(thumbs[at]!, thumb));
  const moved = steps.filter(([dx, dy]) => dx || dy);
  const far = (axis: 0 | 1): number => Math.abs(steps.reduce((sum, step) => sum + step[axis], 0));
  const way = (axis: 0 | 1): number => steps.reduce((sum, step) => sum + Math.abs(step[axis]), 0);
  return moved.length >= steps.length * RESTLESS && far(0) + far(1) < (way(0) + way(1)) / 2;
}

/** Watches until `stop`; `tell` hears every finding when it comes and when it goes. */
export class Preflight {
  private readonly canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  private readonly brush = this.canvas.getContext("2d", { willReadFrequently: true });
  private thumbs: Thumb[] = [];
  private found = new Set<Finding>();
  private heardAt = performance.now();
  private soundAt = performance.now();
  private battery: { level: number; charging: boolean } | undefined;
  private lossy = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly stream: MediaStream,
    private readonly tell: (found: ReadonlySet<Finding>) => void,
    stop: AbortSignal,
  ) {
    const timer = setInterval(() => this.look(), 250);
    stop.addEventListener("abort", () => clearInterval(timer));
    const ask = (navigator as Navigator & { getBattery?: () => Promise<{ level: number; charging: boolean }> }).getBattery;
    void ask?.call(navigator).then((battery) => (this.battery = battery), () => {});
  }

  hear(level: number, hears: boolean): void {
    if (hears) this.soundAt = performance.now();
    if (level > VOICE) this.heardAt = performance.now();
  }

  /** Times small requests: a line that swallows them swallows a show. */
  async line(url: string, headers: Record<string, string>): Promise<void> {
    let bad = 0;
    for (let n = 0; n < PINGS; n++) {
      const from = performance.now();
      const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(PING_BYTES), signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
      if (!answer?.ok || performance.now() - from > LATE_MS) bad++;
    }
    this.lossy = bad * 4 >= PINGS;
  }

  private look(): void {
    const now = new Set<Finding>();
    const thumb = this.thumb();
    if (thumb) {
      this.thumbs = [...this.thumbs.slice(1 - MEMORY), thumb];
      const lit = light(thumb);
      if (lit) now.add(lit);
      else if (shakes(this.thumbs)) now.add("shaking");
      const phone = matchMedia("(pointer: coarse)").matches;
      if (phone && this.video.videoWidth > this.video.videoHeight && innerWidth > innerHeight) now.add("sideways");
    }
    const track = this.stream.getAudioTracks()[0];
    const silent = performance.now() - this.soundAt > QUIET_MS;
    if (!track || !track.enabled || track.muted || silent) now.add("muted");
    else if (performance.now() - this.heardAt > QUIET_MS) now.add("quiet");
    if (this.battery && !this.battery.charging && this.battery.level < BATTERY) now.add("battery");
    if (this.lossy) now.add("lossy");
    if (now.size === this.found.size && [...now].every((one) => this.found.has(one))) return;
    this.found = now;
    this.tell(now);
  }

  private thumb(): Thumb | null {
    if (!this.brush || !this.video.videoWidth) return null;
    this.brush.drawImage(this.video, 0, 0, WIDTH, HEIGHT);
    return brightness(this.brush.getImageData(0, 0, WIDTH, HEIGHT).data);
  }
}

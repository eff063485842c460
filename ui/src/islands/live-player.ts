// <live-player data-broadcast data-base="/media/ID" data-mode="live|replay|none" data-hls="…" data-join="{…}"> wraps a <video>.
//
// A page loads this by an async script of its own, so that the first picture waits neither for the rest of the page nor
// for another script; `data-join` is what /media/ID/join answered as the page was written. Live goes by the chain, by hls.js when MediaSource lacks something or the chain failed three times, by the browser's
// own HLS last. With `data-whep` (the script's name) WebRTC is tried before all of them. With `data-ease` (a script's name too)
// the chain plays the small picture while the line is thin. A replay is hls.js on vod.m3u8. Words for the states come from data-waiting, data-ended, data-slow,
// data-offline and data-failed and stand in its `.state`. `.sound` shows while muted.
// With `data-first` the page's other islands wait for `first-picture` (main.ts).
// Fires `media-clock` (detail.at_ms, ten a second) and `live-state` (detail.state); `atMs` and `stats` can be read.
import { type Join, ride, type Sink } from "../lib/chain";
import type { Clock } from "../lib/clock";
import { Pace } from "../lib/pace";
import { ahead, edge, overHole, ranges } from "../lib/ranges";
import { hasMediaSource, Shelf } from "../lib/shelf";

/** How often the buffer is looked at; a timer, so that hidden tabs go on. */
const LOOK_MS = 50;
/** How often the pace may change. */
const STEP_MS = 700;
const CLOCK_MS = 100;
/** A picture that stands this long is said to be slow. */
const SLOW_MS = 1_500;
/** How often hls.js playback asks whether the show is still on. */
const ASK_MS = 4_000;
/** A join that came with the page is believed for so long after the page was asked for. */
const FRESH_MS = 4_000;
/** hls.js fetches a playlist and then a part: its low point needs more than the chain's. */
const HLS_CALMEST = 0.4;

/** What browser tests and the bench read. Latency trusts that phone and server agree on the time. */
interface Stats {
  mode: "whep" | "chain" | "hls" | "native" | "none";
  state: string;
  buffer: number;
  target: number;
  rate: number;
  latency_ms: number | null;
  first_frame_ms: number | null;
  stalls: number;
  jumps: number;
  joins: number;
  parts: number;
}

class LivePlayer extends HTMLElement {
  /** There once the parser is past the whole tag. */
  private video!: HTMLVideoElement;
  private readonly stop = new AbortController();
  private pace = new Pace(0.2);
  private readonly born = performance.now();
  private clock: Clock = () => null;
  /** Where on the video's own time a moment of the media clock lies: of a replay, once it is known. */
  place: (at_ms: number) => number | null = () => null;
  private mode: Stats["mode"] = "none";
  private state = "";
  private started = false;
  private slowSince = 0;
  private lastStep = 0;
  private firstFrame: number | null = null;
  private counts = { stalls: 0, jumps: 0, joins: 0, parts: 0 };

  connectedCallback(): void {
    void whole(this).then(() => this.begin());
  }

  private begin(): void {
    const video = (this.video = this.querySelector("video")!);
    video.muted = true;
    // The page's own source is for browsers without JavaScript; preload="none" would keep a MediaSource shut.
    for (const source of video.querySelectorAll("source")) source.remove();
    video.preload = "auto";
    const shown = (): void => {
      this.firstFrame ??= performance.now() - this.born;
      this.removeAttribute("data-first");
      this.dispatchEvent(new Event("first-picture"));
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(shown);
    else video.addEventListener("loadeddata", shown);
    video.addEventListener("resize", () => (this.dataset["shape"] = video.videoWidth > video.videoHeight ? "wide" : "tall"));
    video.addEventListener("volumechange", () => this.showSound());
    this.querySelector(".sound")?.addEventListener("click", () => {
      video.muted = false;
      void video.play();
    });
    this.showSound();
    const tick = setInterval(() => this.tick(), CLOCK_MS);
    this.stop.signal.addEventListener("abort", () => clearInterval(tick));
    const mode = this.dataset["mode"];
    if (mode !== "none") void (mode === "replay" ? this.replay() : this.live());
  }

  disconnectedCallback(): void {
    this.stop.abort();
  }

  /** Wall clock of the frame on screen. */
  get atMs(): number | null {
    return this.clock();
  }

  get stats(): Stats {
    const at = this.atMs;
    const video = this.video as HTMLVideoElement | undefined;
    return {
      mode: this.mode,
      state: this.state,
      buffer: video ? ahead(ranges(video.buffered), video.currentTime) : 0,
      target: this.pace.target,
      rate: video?.playbackRate ?? 1,
      latency_ms: at === null ? null : Date.now() - at,
      first_frame_ms: this.firstFrame,
      ...this.counts,
    };
  }

  private async live(): Promise<void> {
    this.video.controls = false;
    const base = this.dataset["base"]!;
    await this.atOnce(base);
    if (hasMediaSource && (await this.chain(base))) return;
    if (!this.stop.signal.aborted) await this.fallBack(base);
  }

  /** By WebRTC, when the page says that it may and for as long as it goes. */
  private async atOnce(base: string): Promise<void> {
    const script = this.dataset["whep"];
    if (!script) return;
    const whep = (await import(/* @vite-ignore */ script).catch(() => null)) as typeof import("../lib/whep") | null;
    await whep?.watch(this.video, `${base}/whep`, this.stop.signal, (clock) => {
      [this.mode, this.clock, this.started] = ["whep", clock, true];
      this.say("live");
    });
    [this.clock, this.started] = [() => null, false];
  }

  private async chain(base: string): Promise<boolean> {
    const video = this.video;
    const shelf = new Shelf(video);
    const rest = this.watchOver();
    this.mode = "chain";
    const sink: Sink = {
      open: async (join: Join) => {
        this.counts.joins++;
        this.pace.interrupted();
        this.pace.partLength(join.part_ms / 1000);
        await shelf.open(join);
        this.clock = () => (this.started ? join.epoch_ms + video.currentTime * 1000 : null);
      },
      append: async (bytes, what) => {
        if (what === "held" && this.started) this.pace.arrived(performance.now());
        await shelf.append(bytes);
        if (what === "init") return;
        this.counts.parts++;
        if (this.started) this.look();
        else this.start();
      },
      state: (state) => this.say(state),
    };
    // After the first picture, which should not wait for it.
    this.addEventListener("first-picture", () => {
      void import(/* @vite-ignore */ this.dataset["ease"] ?? "").then(({ watch }: typeof import("../lib/ease")) => (sink.turn = watch(video))).catch(() => {});
    });
    const done = await ride(base, sink, this.stop.signal, this.brought());
    if (done) shelf.finish();
    rest();
    if (!done) {
      shelf.close();
      this.started = false;
    }
    return done;
  }

  /** The join that the page was written with, unless the page is an old one taken out of a drawer. */
  private brought(): Join | null {
    const written = this.dataset["join"];
    const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const fresh = visit && visit.type !== "back_forward" && performance.now() - visit.responseStart < FRESH_MS;
    return written && fresh ? (JSON.parse(written) as Join) : null;
  }

  /** Counts stalls and keeps the pace until the answer is called. */
  private watchOver(): () => void {
    const video = this.video;
    const look = setInterval(() => this.look(), LOOK_MS);
    const stalled = (): void => {
      if (!this.started || video.seeking) return;
      this.counts.stalls++;
      this.pace.stalled(performance.now());
    };
    video.addEventListener("waiting", stalled);
    return () => {
      clearInterval(look);
      video.removeEventListener("waiting", stalled);
    };
  }

  private start(): void {
    const at = edge(ranges(this.video.buffered), this.pace.reach);
    if (at === null) return;
    this.started = true;
    this.lastStep = performance.now();
    this.pace.begun(this.lastStep);
    this.video.currentTime = at;
    void this.video.play().catch(() => this.showSound());
  }

  /** Over holes, at the right speed, not too far behind. */
  private look(): void {
    const video = this.video;
    if (!this.started || video.seeking) return;
    const held = ranges(video.buffered);
    const hole = video.readyState < 3 ? overHole(held, video.currentTime, !!this.slowSince) : null;
    if (hole !== null) return this.jump(hole);
    this.pace.sample(ahead(held, video.currentTime));
    const now = performance.now();
    if (now - this.lastStep < STEP_MS) return;
    this.lastStep = now;
    const step = this.pace.step(now);
    if (!step) return;
    if (step.jump) return this.jump(edge(held, this.pace.reach)!);
    if (video.playbackRate !== step.rate) video.playbackRate = step.rate;
  }

  private jump(to: number): void {
    this.counts.jumps++;
    this.video.playbackRate = 1;
    this.video.currentTime = to;
    this.pace.interrupted();
    if (this.video.paused && !document.hidden) void this.video.play().catch(() => this.showSound());
  }

  private async fallBack(base: string): Promise<void> {
    await this.byHls(`${base}/multi.m3u8`, true);
    while (!this.stop.signal.aborted && this.state !== "ended") {
      const join = await fetch(`${base}/join`).then((a) => (a.ok ? (a.json() as Promise<Join>) : null)).catch(() => null);
      this.say(join?.state ?? (navigator.onLine === false ? "offline" : "failed"));
      await new Promise((later) => setTimeout(later, ASK_MS));
    }
  }

  private replay(): Promise<void> {
    return this.byHls(`${this.dataset["base"]}/vod.m3u8`, false);
  }

  private async byHls(url: string, live: boolean): Promise<void> {
    // Named by the page: what the player itself imports would have to come before the first picture.
    const hls = (await import(/* @vite-ignore */ this.dataset["hls"] ?? "").catch(() => null)) as typeof import("../lib/hls") | null;
    const playing = hls && (await hls.playHls(this.video, url, live, this.stop.signal, () => this.say("failed")));
    this.mode = playing === null ? "none" : this.video.src.startsWith("blob:") ? "hls" : "native";
    if (playing === null) return this.say("failed");
    this.clock = playing.clock;
    this.place = playing.place;
    this.started = true;
    if (live && this.mode === "hls") {
      this.pace = new Pace(0.2, HLS_CALMEST);
      this.pace.begun(performance.now());
      this.stop.signal.addEventListener("abort", this.watchOver());
    }
    void this.video.play().catch(() => this.showSound());
  }

  private tick(): void {
    const at_ms = this.atMs;
    if (at_ms !== null) this.dispatchEvent(new CustomEvent("media-clock", { bubbles: true, detail: { at_ms } }));
    const stands = this.started && !this.video.paused && this.video.readyState < 3;
    this.slowSince = stands ? this.slowSince || performance.now() : 0;
    const slow = this.slowSince && performance.now() - this.slowSince > SLOW_MS;
    // Before the first state the page's own words stay.
    if (this.state) this.words(slow && this.state === "live" ? "slow" : this.state);
  }

  private say(state: string): void {
    if (this.state === state) return;
    this.state = state;
    this.words(state);
    this.dispatchEvent(new CustomEvent("live-state", { bubbles: true, detail: { state } }));
  }

  private words(state: string): void {
    const place = this.querySelector<HTMLElement>(".state");
    const words = this.dataset[state] ?? "";
    if (!place || place.textContent === words) return;
    place.textContent = words;
    place.hidden = !words;
  }

  private showSound(): void {
    const button = this.querySelector<HTMLElement>(".sound");
    if (button) button.hidden = !this.video.muted && !this.video.paused;
  }
}

/** Resolves when everything inside has been read: at once, unless the parser is still there. */
function whole(element: HTMLElement): Promise<void> {
  if (element.nextSibling || document.readyState !== "loading") return Promise.resolve();
  return new Promise((done) => {
    const look = new MutationObserver(() => element.nextSibling && finish());
    const finish = (): void => {
      look.disconnect();
      done();
    };
    look.observe(element.parentNode!, { childList: true });
    document.addEventListener("DOMContentLoaded", finish, { once: true });
  });
}
customElements.define("live-player", LivePlayer);

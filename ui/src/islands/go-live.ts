// <go-live data-broadcast data-whip="/media/ID/whip" data-key data-ending="/live/ID/ending">: the studio.
//
// Before air: picture in `.preview`, the voice in `.mic-level`, the uplink in words in `.uplink`. On air: `.light` and,
// when the line breaks, it comes back by itself. Buttons: [data-act=start|flip|mute|end|retry], a link [data-act=outside].
// `data-state` is asking, ready, blocked, connecting, air, again, ended; [data-on-air] while the show is meant to be on.
// What would spoil the show stands in `.findings`: `[data-find=WORD]` is shown while lib/preflight finds it, and tells the
// remedy.
// Every word comes from `data-say-…` of this element: asking ready denied nocamera taken insecure inapp connecting air
// again other lost refused ended silent sound good fair poor green yellow red end-again. They stand in `.state`.
import { type Facing, loudness, obstacle, outside, refusal, VOICE, wanted } from "../lib/camera";
import { Backoff, sleep } from "../lib/backoff";
import { ceiling, light, Retreat, uplinkWord } from "../lib/light";
import type { Preflight } from "../lib/preflight";
import type { Whip } from "../lib/whip";

/** The uplink is measured with this much; a second on a poor line. */
const PROBE_BYTES = 256 * 1024;
const LOOK_MS = 2_000;
/** How long a lost line is tried again before the seller is asked. */
const TRY_MS = 120_000;
/** The end button stays armed this long after the first tap. */
const ARMED_MS = 4_000;
/** Quiet for so long before air: perhaps the microphone is covered. */
const SILENT_MS = 8_000;
/** Our own lost line holds the place for two seconds; after this long it is another camera. */
const OURS_MS = 6_000;

class GoLive extends HTMLElement {
  private readonly leaving = new AbortController();
  private stream: MediaStream | undefined;
  private whip: Whip | undefined;
  private facing: Facing = localStorage.getItem("camera") === "environment" ? "environment" : "user";
  private uplink: number | null = null;
  private lock: { release(): Promise<void> } | undefined;
  private again = false;
  /** Another camera sends this show. */
  private other = this.hasAttribute("data-other");
  private retreat = new Retreat();
  private heard = performance.now();
  private ear = new AbortController();
  private preflight: Preflight | undefined;

  connectedCallback(): void {
    const acts: Record<string, (button: HTMLElement) => void> = {
      start: () => void this.start(),
      flip: () => void this.flip(),
      mute: (button) => this.mute(button),
      end: (button) => this.end(button),
      retry: () => void this.camera(),
    };
    this.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest<HTMLElement>("[data-act]");
      const act = button && acts[button.dataset["act"]!];
      if (!act) return;
      // The end stands in a form for browsers without JavaScript; here its first tap must not send it.
      event.preventDefault();
      act(button);
    });
    const signal = this.leaving.signal;
    addEventListener("online", () => this.onAir && void this.reconnect(), { signal });
    addEventListener("pagehide", () => this.whip?.close(), { signal });
    addEventListener("beforeunload", (event) => this.onAir && event.preventDefault(), { signal });
    document.addEventListener("visibilitychange", () => this.onAir && !document.hidden && void this.stayAwake(), { signal });
    const look = setInterval(() => void this.look(), LOOK_MS);
    signal.addEventListener("abort", () => clearInterval(look));
    void this.camera();
  }

  disconnectedCallback(): void {
    this.leaving.abort();
    this.ear.abort();
    this.whip?.close();
    this.stream?.getTracks().forEach((track) => track.stop());
  }

  private get onAir(): boolean {
    return "onAir" in this.dataset;
  }

  /** Pre-flight: the picture, the voice, the line. */
  private async camera(): Promise<void> {
    const blocked = obstacle();
    if (blocked) return this.block(blocked);
    this.say("asking", "asking");
    this.stream?.getTracks().forEach((track) => track.stop());
    this.ear.abort();
    this.ear = new AbortController();
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted(this.facing), audio: VOICE });
    } catch (problem) {
      return this.block(refusal(problem));
    }
    this.heard = performance.now();
    this.show();
    const bar = this.querySelector<HTMLElement>(".mic-level");
    loudness(this.stream, (level, hears) => this.hear(level, hears, bar), this.ear.signal);
    this.say("ready", "ready");
    await this.measure();
    await this.inspect(this.stream, this.ear.signal);
  }

  private block(reason: string): void {
    this.say("blocked", reason);
    const link = this.querySelector<HTMLAnchorElement>("[data-act=outside]");
    if (link) {
      link.hidden = reason !== "inapp";
      link.href = outside(location.href);
    }
  }

  private show(): void {
    const preview = this.querySelector<HTMLVideoElement>(".preview");
    if (!preview) return;
    preview.srcObject = this.stream ?? null;
    preview.classList.toggle("mirror", this.facing === "user");
    void preview.play().catch(() => {});
    // A phone call takes the camera; when the track dies it is fetched anew.
    this.stream?.getVideoTracks()[0]?.addEventListener("ended", () => void this.refetch());
  }

  /** Looks for what would spoil the show, until air. */
  private async inspect(stream: MediaStream, stop: AbortSignal): Promise<void> {
    const place = this.querySelector<HTMLElement>(".findings");
    const video = this.querySelector<HTMLVideoElement>(".preview");
    if (!place || !video || this.onAir) return;
    const { Preflight } = await import("../lib/preflight");
    if (stop.aborted) return;
    this.preflight = new Preflight(video, stream, (found) => {
      for (const one of place.querySelectorAll<HTMLElement>("[data-find]")) one.hidden = !found.has(one.dataset["find"] as never);
    }, stop);
    await this.preflight.line(this.dataset["whip"]!.replace(/whip$/, "uplink"), { authorization: `Bearer ${this.dataset["key"]}` });
  }

  private hear(level: number, hears: boolean, bar: HTMLElement | null): void {
    bar?.style.setProperty("--level", level.toFixed(2));
    this.preflight?.hear(level, hears);
    const now = performance.now();
    if (level > 0.25) this.heard = now;
    if (this.dataset["state"] === "ready" && !this.other) this.words(now - this.heard > SILENT_MS ? "silent" : "ready");
  }

  private async measure(): Promise<void> {
    const place = this.querySelector<HTMLElement>(".uplink");
    const noise = new Uint8Array(PROBE_BYTES);
    for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
    const from = performance.now();
    const url = this.dataset["whip"]!.replace(/whip$/, "uplink");
    const headers = { authorization: `Bearer ${this.dataset["key"]}` };
    const answer = await fetch(url, { method: "POST", headers, body: noise }).catch(() => null);
    if (answer?.ok) this.uplink = (PROBE_BYTES * 8) / (performance.now() - from);
    if (place) place.textContent = this.uplink === null ? "" : (this.dataset[said(uplinkWord(this.uplink))] ?? "");
  }

  private async start(): Promise<void> {
    if (!this.stream || this.onAir) return;
    this.dataset["onAir"] = "";
    void this.stayAwake();
    await this.connect("connecting", true);
  }

  /** Tries until it is on air, or too long, or the server says no. */
  private async connect(word: "connecting" | "again", takes = false): Promise<void> {
    const backoff = new Backoff(400, 4_000);
    const began = performance.now();
    const until = began + TRY_MS;
    this.say(word, word);
    const { Refused, Whip } = await import("../lib/whip");
    // Only a hand takes the place of another camera, never a line that comes back.
    const url = this.dataset["whip"]! + (takes && this.other ? "?take" : "");
    this.other = false;
    while (this.onAir && performance.now() < until) {
      try {
        this.whip = await Whip.open(url, this.dataset["key"]!, this.stream!, ceiling(this.uplink), () => void this.reconnect());
        this.retreat = new Retreat();
        return this.say("air", "air");
      } catch (problem) {
        const refused = problem instanceof Refused && problem.status < 500 && ![408, 409, 429].includes(problem.status);
        if (refused) return this.off("refused", (problem as Error).message);
        // Somebody is on air in our place, perhaps ourselves a moment ago: say so, and keep trying for a while.
        if (problem instanceof Refused && problem.status === 409) {
          this.words(word, problem.message);
          if ((this.other = performance.now() - began > OURS_MS)) return this.off("other");
        }
        await sleep(backoff.next(), this.leaving.signal);
      }
    }
    if (this.onAir) this.off("lost");
  }

  private async reconnect(): Promise<void> {
    if (this.again || !this.onAir) return;
    this.again = true;
    this.whip?.close();
    this.whip = undefined;
    await this.connect("again");
    this.again = false;
  }

  /** Back to the pre-flight: the seller may press start again. */
  private off(word: string, words = ""): void {
    delete this.dataset["onAir"];
    this.say(word === "other" ? "ready" : "blocked", word, words);
    void this.lock?.release();
  }

  private async flip(): Promise<void> {
    this.facing = this.facing === "user" ? "environment" : "user";
    localStorage.setItem("camera", this.facing);
    await this.refetch();
  }

  /** A new camera track in place of the old; phones want the old one stopped first. */
  private async refetch(): Promise<void> {
    const old = this.stream?.getVideoTracks()[0];
    old?.stop();
    try {
      const fresh = await navigator.mediaDevices.getUserMedia({ video: wanted(this.facing) });
      const track = fresh.getVideoTracks()[0]!;
      if (old) this.stream?.removeTrack(old);
      this.stream?.addTrack(track);
      await this.whip?.replace(track);
      this.show();
    } catch (problem) {
      this.words(refusal(problem));
    }
  }

  private mute(button: HTMLElement): void {
    const track = this.stream?.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !track.enabled;
    button.setAttribute("aria-pressed", String(!track.enabled));
  }

  private async look(): Promise<void> {
    const sent = await this.whip?.sent();
    if (!sent || this.dataset["state"] !== "air") return;
    const shows = light(sent);
    const place = this.querySelector<HTMLElement>(".light");
    if (place) {
      place.dataset["light"] = shows;
      place.textContent = this.dataset[said(shows)] ?? "";
    }
    if (!this.retreat.look(shows, performance.now())) return;
    this.words(this.retreat.size ? "air" : "sound");
    await this.whip?.shrink(this.retreat.size);
  }

  /** The first tap arms, the second ends: no dialog, and a stray thumb does nothing. */
  private end(button: HTMLElement): void {
    if (button.classList.contains("armed")) return void this.finish(button);
    const words = button.innerHTML;
    button.classList.add("armed");
    button.textContent = this.dataset[said("end-again")] ?? "";
    setTimeout(() => {
      button.classList.remove("armed");
      button.innerHTML = words;
    }, ARMED_MS);
  }

  private async finish(button: HTMLElement): Promise<void> {
    button.setAttribute("aria-busy", "true");
    const answer = await fetch(this.dataset["ending"]!, { method: "POST", headers: { accept: "application/json" } }).catch(() => null);
    button.removeAttribute("aria-busy");
    if (!answer?.ok) return this.words("lost");
    delete this.dataset["onAir"];
    this.whip?.close();
    this.stream?.getTracks().forEach((track) => track.stop());
    void this.lock?.release();
    this.say("ended", "ended");
    location.assign(this.dataset["after"] ?? location.href);
  }

  private async stayAwake(): Promise<void> {
    const wake = (navigator as Navigator & { wakeLock?: { request(kind: "screen"): Promise<{ release(): Promise<void> }> } }).wakeLock;
    this.lock = await wake?.request("screen").catch(() => undefined);
  }

  private say(state: string, word: string, words = ""): void {
    this.dataset["state"] = state;
    this.words(word, words);
  }

  private words(word: string, words = ""): void {
    const place = this.querySelector<HTMLElement>(".state");
    const text = words || (this.dataset[said(word)] ?? "");
    if (place && place.textContent !== text) place.textContent = text;
    if (place) place.hidden = !text;
  }
}

/** `data-say-end-again` in the page is `sayEndAgain` in the dataset. */
function said(word: string): string {
  return `say-${word}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
customElements.define("go-live", GoLive);

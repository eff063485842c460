// <paid-proof data-src="/orders/ID/paid" data-waits> around `.part`, the piece that the server makes anew every ten seconds, and
// `.lost` for when it cannot. The clock and the bar move by themselves; a screenshot stands still.

/** So much later than its end a proof is fetched, so that the next one is there. */
const SLACK_MS = 120;
/** How often it is tried again while the line is down. */
const AGAIN_MS = 2_000;
/** Somebody may have handed the goods over meanwhile: looked at this often. */
const LOOK_MS = 2_500;

class PaidProof extends HTMLElement {
  private readonly stop = new AbortController();
  private readonly place = this.querySelector<HTMLElement>(".part")!;
  private end = 0;
  private skew = 0;
  private timer = 0;

  connectedCallback(): void {
    if (!("waits" in this.dataset)) return;
    this.begin();
    const ticking = setInterval(() => this.tick(), 250);
    this.stop.signal.addEventListener("abort", () => clearInterval(ticking));
    // A phone that was asleep shows an old proof for a blink only.
    document.addEventListener("visibilitychange", () => document.hidden || void this.fetch(), { signal: this.stop.signal });
    void this.wake();
  }

  disconnectedCallback(): void {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  /** Reads the times of the piece that is here now. */
  private begin(): void {
    const proof = this.place.querySelector<HTMLElement>("[data-left]");
    if (!proof) return this.stop.abort();
    this.end = performance.now() + Number(proof.dataset["left"]);
    this.skew = Number(proof.dataset["now"]) - Date.now();
    const left = Number(proof.dataset["left"]);
    proof.querySelector<HTMLElement>(".runs span")?.animate([{ transform: `scaleX(${left / 10_000})` }, { transform: "scaleX(0)" }], { duration: left, fill: "forwards" });
    this.tick();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.fetch(), Math.min(LOOK_MS, left + SLACK_MS));
  }

  /** The market's own time, by the second. */
  private tick(): void {
    const clock = this.place.querySelector(".clock");
    const lang = document.documentElement.lang;
    if (clock) clock.textContent = new Date(Date.now() + this.skew).toLocaleTimeString(lang, { hour: "numeric", minute: "2-digit", second: "2-digit", timeZone: "Asia/Seoul" });
    if (performance.now() > this.end + 1_000) this.place.querySelector(".proof")?.classList.add("stale");
  }

  private async fetch(): Promise<void> {
    clearTimeout(this.timer);
    const answer = await fetch(this.dataset["src"]!, { headers: { "x-fragment": "1", accept: "text/html" }, signal: this.stop.signal }).catch(() => undefined);
    if (this.stop.signal.aborted) return;
    const lost = this.querySelector<HTMLElement>(".lost");
    if (lost) lost.hidden = !!answer?.ok;
    if (!answer?.ok) {
      this.timer = window.setTimeout(() => void this.fetch(), AGAIN_MS);
      return;
    }
    this.place.innerHTML = await answer.text();
    this.begin();
  }

  /** The screen stays on while it is shown. */
  private async wake(): Promise<void> {
    const lock = (navigator as { wakeLock?: { request(kind: "screen"): Promise<{ release(): Promise<void> }> } }).wakeLock;
    const held = await lock?.request("screen").catch(() => undefined);
    this.stop.signal.addEventListener("abort", () => void held?.release());
  }
}
customElements.define("paid-proof", PaidProof);

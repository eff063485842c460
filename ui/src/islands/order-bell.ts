// <order-bell data-socket="/sell/STORE/socket">: a short sound and a spoken sentence for each new order, and its row
// (template[data-row=order]) on top of `.orders`. `.none` hides with the first order. Browsers give sound only after a
// tap: `[data-act=sound]` shows until then. `output` counts what came since the page was opened.
import { row, stock, type Values, written } from "../lib/fill";
import { type Frame, listen } from "../lib/line";

class OrderBell extends HTMLElement {
  private readonly stop = new AbortController();
  private readonly seen = new Set<string>();
  private audio: AudioContext | undefined;

  connectedCallback(): void {
    const button = this.querySelector<HTMLElement>("[data-act=sound]");
    const wake = (): void => {
      this.audio ??= new AudioContext();
      void this.audio.resume().then(() => button && (button.hidden = true));
    };
    // Not when the finger goes down: the button goes away then, and what was aimed at moves from under it.
    document.addEventListener("click", wake, { once: true });
    document.addEventListener("keydown", wake, { once: true });
    button?.addEventListener("click", () => {
      wake();
      this.ring();
      this.speak(button.dataset["said"] ?? "");
    });
    const lost = (is: boolean): void => {
      const place = this.querySelector<HTMLElement>(".lost");
      if (place) place.hidden = !is;
    };
    listen(this.dataset["socket"]!, (frame) => this.hear(frame), (is) => is !== "left" && lost(is === "lost"), this.stop.signal);
  }

  disconnectedCallback(): void {
    this.stop.abort();
  }

  private hear(frame: Frame): void {
    if (frame.type === "stock") return stock(String(frame["variant"]), Number(frame["left"]));
    if (frame.type === "order") this.order(frame);
    const said = frame["said"];
    if (frame.type === "return" && said) {
      this.ring();
      this.speak(String(said));
    }
  }

  private order(order: Values): void {
    const id = String(order["id"]);
    if (this.seen.has(id)) return;
    this.seen.add(id);
    const made = row(this, "order", order);
    if (made) this.querySelector(".orders")?.prepend(made);
    const none = this.querySelector<HTMLElement>(".none");
    if (none) none.hidden = true;
    const count = this.querySelector("output");
    if (count) count.textContent = written(this.seen.size, count.dataset["format"]);
    this.ring();
    this.speak(String(order["said"] ?? ""));
    navigator.vibrate?.([120, 80, 120]);
  }

  /** Two notes of a small bell. */
  private ring(): void {
    const audio = this.audio;
    if (audio?.state !== "running") return;
    [880, 1318].forEach((pitch, n) => {
      const at = audio.currentTime + n * 0.16;
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.0001, at);
      loud.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.7);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.75);
    });
  }

  private speak(words: string): void {
    if (!words || !("speechSynthesis" in window)) return;
    const said = new SpeechSynthesisUtterance(words);
    said.lang = document.documentElement.lang === "en" ? "en-US" : "ko-KR";
    said.rate = 0.95;
    // The bell first, then the voice.
    setTimeout(() => speechSynthesis.speak(said), 700);
  }
}
customElements.define("order-bell", OrderBell);

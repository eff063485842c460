// <code-reader data-no-camera data-not-ours> with a hidden button, a hidden video and a hidden `.error`: the seller points the
// camera at what a buyer shows, and goes where it leads. Only this market's own addresses are followed.
import { scan } from "../lib/scan";

/** What a buyer's screen may lead to. */
const OURS = /^\/(handover|paid)$/;

class CodeReader extends HTMLElement {
  private stop: AbortController | undefined;

  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => void (this.stop ? this.end() : this.begin()));
  }

  disconnectedCallback(): void {
    this.end();
  }

  private end(): void {
    this.stop?.abort();
    this.stop = undefined;
  }

  private async begin(): Promise<void> {
    const video = this.querySelector("video");
    if (!video) return;
    this.stop = new AbortController();
    this.say("");
    const has = await scan(video, (text) => this.follow(text), this.stop.signal);
    if (!has) {
      this.end();
      this.say(this.dataset["noCamera"] ?? "");
    }
  }

  private follow(text: string): void {
    let to: URL;
    try {
      to = new URL(text);
    } catch {
      return this.say(this.dataset["notOurs"] ?? "");
    }
    if (!OURS.test(to.pathname)) return this.say(this.dataset["notOurs"] ?? "");
    this.end();
    // The host in the squares may be another name of this same market; we stay where we are.
    location.assign(to.pathname + to.search);
  }

  private say(words: string): void {
    const place = this.querySelector<HTMLElement>(".error");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  }
}
customElements.define("code-reader", CodeReader);

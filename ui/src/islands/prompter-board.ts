// <prompter-board data-elapsed="MS"> around li[data-seconds][data-heading]: one cue at a time, in letters that can be read
// from two metres away, following the clock: the show's (`data-elapsed` since its beginning) or a hand's (`[data-act=run]`).
// `.left` counts the cue down, `.next` names what follows (data-next="다음 {}"), [data-act=before|after] goes by hand and
// the clock goes on from there. Long words roll up while their time runs. `data-over` stands there after the last.
import { at, type Cue } from "../lib/cues";

const LOOK_MS = 250;

class PrompterBoard extends HTMLElement {
  private readonly rows = [...this.querySelectorAll<HTMLElement>("li")];
  private readonly cues: Cue[] = this.rows.map((row) => ({ seconds: Number(row.dataset["seconds"]) }));
  private began: number | undefined;
  /** Seconds gone, while the clock stands. */
  private gone = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  connectedCallback(): void {
    const bar = this.querySelector<HTMLElement>(".prompter-bar");
    if (!bar || !this.rows.length) return;
    bar.hidden = false;
    this.classList.add("running");
    const elapsed = this.dataset["elapsed"];
    if (elapsed !== undefined) this.run(Number(elapsed) / 1000);
    this.addEventListener("click", (event) => {
      const act = (event.target as Element).closest<HTMLElement>("[data-act]")?.dataset["act"];
      if (act === "run") this.began === undefined ? this.run(this.gone) : this.halt();
      if (act === "before" || act === "after") this.go(act === "after" ? 1 : -1);
    });
    this.timer = setInterval(() => this.show(), LOOK_MS);
    this.show();
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
  }

  private get seconds(): number {
    return this.began === undefined ? this.gone : (performance.now() - this.began) / 1000;
  }

  private run(from: number): void {
    this.began = performance.now() - from * 1000;
    this.button("stop");
  }

  private halt(): void {
    this.gone = this.seconds;
    this.began = undefined;
    this.button("go");
  }

  private button(word: "stop" | "go"): void {
    const button = this.querySelector<HTMLElement>("[data-act=run]")!;
    button.dataset["go"] ??= button.textContent ?? "";
    button.textContent = button.dataset[word] ?? "";
  }

  /** To the beginning of another cue. */
  private go(by: number): void {
    const now = at(this.cues, this.seconds);
    const to = Math.max(0, Math.min(this.cues.length - 1, now.place + by));
    const from = this.cues.slice(0, to).reduce((sum, cue) => sum + cue.seconds, 0);
    if (this.began === undefined) this.gone = from;
    else this.run(from);
    this.show();
  }

  private show(): void {
    const now = at(this.cues, this.seconds);
    this.rows.forEach((row, place) => (row.hidden = place !== now.place));
    const row = this.rows[now.place]!;
    const words = row.querySelector<HTMLElement>("p")!;
    const room = row.parentElement!.clientHeight - (words.offsetTop - row.offsetTop);
    words.style.translate = `0 ${-Math.max(0, words.offsetHeight - room) * now.share}px`;
    const left = this.querySelector<HTMLElement>(".left")!;
    left.textContent = now.over ? (this.dataset["over"] ?? "") : clock(now.left);
    left.classList.toggle("late", now.left < 10);
    const next = this.rows[now.place + 1]?.dataset["heading"];
    this.querySelector(".next")!.textContent = next ? (this.dataset["next"] ?? "{}").replace("{}", next) : "";
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
customElements.define("prompter-board", PrompterBoard);

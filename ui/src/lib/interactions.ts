// What the seller does with the room: `.interactions` holds at most one announcement and one card.
//
// Rows: template[data-row="interaction-KIND"] and template[data-row="interaction-choice"]; words: data-… of `.interactions`.
// A card has `.options` or a form, `.people`, `.countdown[data-closes]`, `.given`, and for a draw `.proof`.
import { row, type Values, written } from "./fill";
import { key } from "./key";

/** How long a result stands for a viewer; the studio keeps it until the next one opens. */
const RESULT_MS = 20_000;

interface Opened {
  id: string;
  kind: string;
  choices: string[];
  counts: number[];
  people: number;
  closes_at_ms: number | null;
  quantity: number;
  offer: Values | null;
}

interface Closed extends Opened {
  answer: number | null;
  winners: { ticket: string; name: string }[];
}

/** What the server says after a tap. */
interface Given {
  interaction: string;
  choice: number;
  ticket: string;
  code: string | null;
}

export class Interactions {
  private readonly given = new Map<string, { choice: number; ticket: string }>();
  private readonly results = new Map<string, ReturnType<typeof setTimeout>>();

  /** `base` is "/live/ID"; `keeps`: results stay, as in the studio. */
  constructor(
    private readonly root: HTMLElement,
    private readonly place: HTMLElement,
    private readonly base: string,
    private readonly keeps: boolean,
  ) {
    for (const card of this.cards()) this.arm(card);
    root.addEventListener("stay:done", (event) => {
      const told = (event as CustomEvent<Partial<Given>>).detail;
      if (told.interaction) this.gave(told as Given);
    });
  }

  /** All that stand, after every (re)connect: what stands already stays as it is. */
  renew(frames: readonly Values[]): void {
    const ids = new Set(frames.map((frame) => String(frame["id"])));
    for (const card of this.cards()) if (!ids.has(card.dataset["interaction"]!) && !("closed" in card.dataset)) card.remove();
    for (const frame of frames) this.open(frame);
  }

  open(frame: Values): void {
    const opened = frame as unknown as Opened;
    if (this.card(opened.id)) return this.tally(frame);
    const at = `${this.base}/interactions/${opened.id}`;
    const values = { ...frame, ...opened.offer, per_buyer: opened.offer?.["per_buyer"] || "", closes_at_ms: opened.closes_at_ms ?? "", answer: `${at}/answer`, closing: `${at}/closing`, proof: `${this.base}/draws/${opened.id}` };
    const card = row(this.root, `interaction-${opened.kind}`, values);
    if (!card) return;
    const options = card.querySelector(".options");
    for (const [place, words] of opened.choices.entries()) {
      const option = row(this.root, "interaction-choice", { place, words, count: opened.counts[place] ?? 0 });
      if (option) options?.append(option);
    }
    for (const other of this.cards()) if ((other.dataset["kind"] === "announcement") === (opened.kind === "announcement")) other.remove();
    // What was offered in the show costs its usual price again.
    if ("replay" in this.root.dataset) for (const over of card.querySelectorAll(".countdown, [data-buy]")) over.remove();
    if (opened.kind === "announcement") this.place.prepend(card);
    else this.place.append(card);
    this.arm(card);
    this.tally(frame);
  }

  tally(frame: Values): void {
    const { id, counts, people } = frame as unknown as Opened;
    const card = this.card(id);
    if (!card) return;
    const total = Math.max(people, 1);
    for (const option of card.querySelectorAll<HTMLElement>("[data-choice]")) {
      const count = counts[Number(option.dataset["choice"])] ?? 0;
      option.style.setProperty("--share", (count / total).toFixed(3));
      const output = option.querySelector("output");
      if (output) output.textContent = written(count);
    }
    const left = card.querySelector<HTMLElement>(".left");
    if (left) {
      const pieces = Number(left.dataset["of"]) - people;
      left.textContent = pieces > 0 ? written(pieces, left.dataset["format"]) : (left.dataset["none"] ?? "");
    }
    const all = card.querySelector<HTMLElement>(".people");
    if (all) all.textContent = written(people, all.dataset["format"]);
  }

  close(frame: Values): void {
    const closed = frame as unknown as Closed;
    const card = this.card(closed.id);
    if (!card || "closed" in card.dataset) return;
    this.tally(frame);
    card.dataset["closed"] = "";
    if (closed.kind === "announcement") return card.remove();
    for (const button of card.querySelectorAll<HTMLButtonElement>("form button")) button.disabled = true;
    for (const gone of card.querySelectorAll(".countdown, [data-buy]")) gone.remove();
    this.say(card, this.outcome(closed, card));
    card.querySelector<HTMLElement>(`[data-choice="${closed.answer ?? ""}"]`)?.classList.add("right");
    const proof = card.querySelector<HTMLElement>(".proof");
    if (proof) proof.hidden = false;
    if (!this.keeps) this.results.set(closed.id, setTimeout(() => card.remove(), RESULT_MS));
  }

  /** A replay jumped: nothing stands any more. */
  clear(): void {
    for (const timer of this.results.values()) clearTimeout(timer);
    this.results.clear();
    this.place.replaceChildren();
  }

  private outcome(closed: Closed, card: HTMLElement): string {
    const said = this.place.dataset;
    const mine = this.given.get(closed.id);
    if (closed.kind === "draw") {
      if (mine && closed.winners.some((winner) => winner.ticket === mine.ticket)) return said["won"] ?? "";
      const names = closed.winners.map((winner) => winner.name).join(", ");
      return names ? written(names, said["winners"]) : (said["nobody"] ?? "");
    }
    const choice = mine?.choice ?? (card.dataset["given"] ? Number(card.dataset["given"]) : null);
    if (closed.kind === "quiz" && choice !== null) return (choice === closed.answer ? said["right"] : said["wrong"]) ?? "";
    if (closed.kind === "coupon") return mine ? (card.querySelector(".given")?.textContent ?? "") : (said["gone"] ?? "");
    return said["closed"] ?? "";
  }

  private gave({ interaction, choice, ticket, code }: Given): void {
    this.given.set(interaction, { choice, ticket });
    const card = this.card(interaction);
    if (!card) return;
    card.dataset["given"] = String(choice);
    for (const button of card.querySelectorAll<HTMLButtonElement>("form button")) button.disabled = true;
    card.querySelector(`[data-choice="${choice}"]`)?.setAttribute("aria-pressed", "true");
    const words = ticket ? written(ticket, this.place.dataset["givenDraw"]) : code ? written(code, this.place.dataset["givenCoupon"]) : "";
    this.say(card, words);
  }

  private say(card: HTMLElement, words: string): void {
    const place = card.querySelector<HTMLElement>(".given");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  }

  /** A ticket of this browser's own making, and the countdown. */
  private arm(card: HTMLElement): void {
    const ticket = card.querySelector<HTMLInputElement>("input[name=ticket]");
    if (ticket) ticket.value = key();
    const countdown = card.querySelector<HTMLElement>(".countdown");
    if (!countdown) return;
    const tick = (): void => {
      const left = Math.ceil((Number(countdown.dataset["closes"]) - Date.now()) / 1000);
      countdown.textContent = left > 0 ? written(left, this.place.dataset["seconds"]) : "";
      if (left > 0 && countdown.isConnected) setTimeout(tick, 1000 - (Date.now() % 1000));
    };
    tick();
  }

  private card(id: string): HTMLElement | null {
    return this.place.querySelector(`[data-interaction="${CSS.escape(id)}"]`);
  }

  private cards(): HTMLElement[] {
    return [...this.place.querySelectorAll<HTMLElement>("[data-interaction]")];
  }
}

// <live-room data-socket="/live/ID/socket"> or, after the end, <live-room data-replay="/live/ID/replay.json">.
//
// Listens and draws: chat into `.chat`, viewers into `.viewers output`, pins into `.pinned` when the media clock has
// passed their time, reactions above their button, stock wherever `[data-stock]` stands. `[data-when="live waiting"]`
// shows only in those stages; `.lost` shows while the line is down. Rows: template[data-row=chat], template[data-row=pin].
// Who paid for the show stands in `.sponsor`: when a viewer comes, every five minutes of the media clock, and at the end.
// Interactions stand in `.interactions` (see lib/interactions): they open with their frame and close at once, because
// nobody can vote any more.
// In a studio (no player inside) nothing is held, and `[data-pin=PRODUCT]` buttons carry aria-pressed.
// replay.json: {"events":[…the socket's frames with at_ms…]}.
import { row, stock, type Values, written } from "../lib/fill";
import type { Interactions } from "../lib/interactions";
import { type Frame, listen } from "../lib/line";
import { Talk } from "../lib/talk";
import { Hold, type Timed, Timeline } from "../lib/timeline";

/** Hearts in the air at once; more only heats the phone. */
const FLOATING = 24;

/** What lasts: a hello that was gathered before such a frame would tell the older state after the newer. */
const LASTING = ["stage", "pin", "unpin", "interaction", "interaction-closed", "tally"];
/** How often a sponsor is named (추천·보증 심사지침), and how long it can be read. */
const SPONSOR_MS = 300_000;
const READ_MS = 10_000;

/** A browser is one viewer, however many tabs it has open: they share a name that it makes up. The studio has its own. */
function named(socket: string): string {
  if (socket.includes("?")) return socket;
  try {
    let name = localStorage.getItem("browser");
    if (!name) {
      name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem("browser", name);
    }
    return `${socket}?browser=${name}`;
  } catch {
    return socket; // Storage is shut: this tab counts for itself.
  }
}

class LiveRoom extends HTMLElement {
  private readonly stop = new AbortController();
  private readonly hold = new Hold<Frame & Timed>();
  private readonly total = new Map<string, number>();
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly player = this.querySelector<HTMLElement & { atMs: number | null; place(at_ms: number): number | null }>("live-player");
  private talk: Talk | undefined;
  private timeline: Timeline<Frame & Timed> | undefined;
  private interactions: Promise<Interactions> | undefined;
  private pinned = "";
  private began: number | undefined;
  /** What came before the hello of this connection; null after it. */
  private early: Frame[] | null = [];

  connectedCallback(): void {
    const list = this.querySelector<HTMLElement>(".chat");
    if (list) this.talk = new Talk(list, this, this.querySelector(".newest"));
    this.addEventListener("media-clock", (event) => this.clock((event as CustomEvent<{ at_ms: number }>).detail.at_ms));
    this.addEventListener("ended", () => this.sponsor(true), { capture: true });
    this.addEventListener("stay:done", (event) => {
      const kind = (event.target as HTMLElement).dataset["kind"];
      if (kind) this.float(kind, 1);
      const { detail } = event as CustomEvent<Values>;
      if (detail["person"]) void import("../lib/muted").then(({ muted }) => muted(this, detail), console.warn);
    });
    const { socket, replay } = this.dataset;
    if (this.querySelector(".interactions [data-interaction]")) this.ask(() => {});
    if (replay) void this.remember(replay);
    else if (socket) {
      listen(named(socket), (frame) => this.told(frame), (is) => (is === "left" ? (this.early = []) : this.line(is === "lost")), this.stop.signal);
      // A stream that does not play must not keep the pins for itself.
      const look = setInterval(() => this.release(this.player?.atMs ?? null), 500);
      this.stop.signal.addEventListener("abort", () => clearInterval(look));
    }
  }

  disconnectedCallback(): void {
    this.stop.abort();
  }

  private async remember(url: string): Promise<void> {
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok) return this.line(true);
    const { events } = (await answer.json()) as { events: (Frame & Timed)[] };
    this.timeline = new Timeline(events);
    const list = document.querySelector<HTMLElement>(".chapters");
    const player = this.player;
    if (list && player) void import("../lib/chapters").then(({ chapters }) => chapters(list, player, events), console.warn);
  }

  private clock(at_ms: number): void {
    this.began ??= at_ms;
    this.sponsor(at_ms - this.began < READ_MS || at_ms % SPONSOR_MS < READ_MS);
    if (!this.timeline) return this.release(at_ms);
    const told = this.timeline.move(at_ms);
    if (told.fresh) {
      this.talk?.clear();
      if (this.interactions) this.ask((all) => all.clear());
      this.pin(null);
    }
    for (const event of told.events) if (!told.fresh || event.type !== "reactions") this.act(event);
  }

  private release(clock: number | null): void {
    for (const event of this.hold.due(clock, Date.now())) this.act(event);
  }

  private told(frame: Frame): void {
    this.hear(frame);
    if (frame.type === "hello") {
      for (const newer of this.early ?? []) this.hear(newer);
      this.early = null;
    } else if (this.early && LASTING.includes(frame.type)) this.early.push(frame);
  }

  private hear(frame: Frame): void {
    const timed = frame as Frame & Timed;
    if (frame.type === "interaction-closed") for (const held of this.hold.take((event) => event["id"] === frame["id"])) this.act(held);
    if (["pin", "unpin", "interaction"].includes(frame.type) && this.player && timed.at_ms) this.hold.put(timed);
    else this.act(frame);
  }

  private act(frame: Frame): void {
    switch (frame.type) {
      case "hello":
        return this.hello(frame);
      case "chat":
        return this.talk?.say(frame);
      case "hidden":
        for (const undo of this.querySelectorAll<HTMLElement>("[data-undo]")) undo.hidden = false;
        return this.talk?.hide(String(frame["id"]));
      case "viewers":
        return this.viewers(frame["count"]);
      case "reactions":
        for (const [kind, count] of Object.entries(frame["counts"] as Record<string, number>)) this.float(kind, count);
        return;
      case "pin":
        return this.pin(frame["product"] as Values);
      case "unpin":
        return this.pin(null);
      case "interaction":
        return this.ask((all) => all.open(frame));
      case "tally":
        return this.ask((all) => all.tally(frame));
      case "interaction-closed":
        return this.ask((all) => all.close(frame));
      case "question":
        if (this.player) return; // The seller's, not the viewers'.
        return void import("../lib/questions").then(({ question }) => question(this, this.base, frame), console.warn);
      case "stock":
        return stock(String(frame["variant"]), Number(frame["left"]));
      case "stage":
        return this.stage(String(frame["stage"]));
    }
  }

  /** After every (re)connect the hello frame is the truth. */
  private hello(frame: Frame): void {
    this.talk?.renew((frame["chat"] as Values[] | undefined) ?? []);
    this.hold.clear();
    const pinned = frame["pinned"] as { product?: Values } | null;
    // Either the product itself or the whole pin frame.
    if (pinned) this.hear({ type: "pin", product: pinned, ...pinned });
    else this.pin(null);
    const standing = (frame["interactions"] as Values[] | undefined) ?? [];
    if (standing.length || this.interactions) this.ask((all) => all.renew(standing));
    // Whoever hears this is one of them, but for the seller, who listens quietly.
    this.viewers(Math.max(Number(frame["viewers"]), this.dataset["socket"]?.endsWith("?quiet") ? 0 : 1));
    this.stage(String(frame["stage"]));
  }

  /** "/live/ID" */
  private get base(): string {
    return (this.dataset["socket"] ?? this.dataset["replay"] ?? "").split("/").slice(0, 3).join("/");
  }

  /** Fetched with the first interaction: most evenings begin without one. What was asked is done in its order. */
  private ask(what: (all: Interactions) => void): void {
    const place = this.querySelector<HTMLElement>(".interactions");
    const { base } = this;
    if (!place || !base) return;
    this.interactions ??= import("../lib/interactions").then((lib) => new lib.Interactions(this, place, base, !this.player));
    void this.interactions.then(what, console.warn);
  }

  private viewers(count: unknown): void {
    const place = this.querySelector(".viewers output");
    if (place) place.textContent = written(Number(count));
  }

  private pin(product: Values | null): void {
    const id = product ? String(product["id"]) : "";
    for (const button of this.querySelectorAll<HTMLElement>("[data-pin]")) button.setAttribute("aria-pressed", String(button.dataset["pin"] === id));
    const place = this.querySelector<HTMLElement>(".pinned");
    if (!place || id === this.pinned) return;
    this.pinned = id;
    const card = product && row(this, "pin", product);
    place.replaceChildren(...(card ? [card] : []));
    this.dispatchEvent(new CustomEvent("room-pin", { bubbles: true, detail: { id } }));
  }

  private stage(stage: string): void {
    if (this.dataset["stage"] === stage) return;
    this.dataset["stage"] = stage;
    if (stage === "ended") this.sponsor(true);
    for (const part of this.querySelectorAll<HTMLElement>("[data-when]")) part.hidden = !part.dataset["when"]!.split(" ").includes(stage);
  }

  private sponsor(named: boolean): void {
    const place = this.querySelector<HTMLElement>(".sponsor");
    if (place && place.hidden === named && (named || this.dataset["stage"] !== "ended")) place.hidden = !named;
  }

  private line(lost: boolean): void {
    const place = this.querySelector<HTMLElement>(".lost");
    if (place) place.hidden = !lost;
  }

  private float(kind: string, count: number): void {
    const form = this.querySelector<HTMLElement>(`form[data-kind="${CSS.escape(kind)}"]`);
    const button = form?.querySelector("button");
    if (!form || !button || count <= 0) return;
    const sum = (this.total.get(kind) ?? 0) + count;
    this.total.set(kind, sum);
    const output = form.querySelector("output");
    if (output) output.textContent = written(sum);
    if (this.still.matches || document.hidden) return;
    const room = FLOATING - this.querySelectorAll(".float").length;
    for (let n = 0; n < Math.min(count, room, 5); n++) {
      const heart = document.createElement("span");
      heart.className = "float";
      heart.setAttribute("aria-hidden", "true");
      heart.textContent = button.textContent;
      heart.style.setProperty("--drift", `${Math.round(Math.random() * 80 - 50)}px`);
      heart.style.animationDelay = `${n * 120}ms`;
      heart.addEventListener("animationend", () => heart.remove());
      form.append(heart);
    }
  }
}
customElements.define("live-room", LiveRoom);

// <till-board data-store data-worker data-…words> around the till's form: sums while it is typed, sells without leaving the page, and
// goes on while the line is down.
//
// A sale is kept in the browser first and forgotten when the market has written it down. While the line is down only as many are sold
// as were left when it was up, and the allowance. When it is back the kept ones are sent, oldest first; what the market would not
// have stays here to be read.
import { complain, wrong } from "../lib/answer";
import { row, written } from "../lib/fill";
import { key } from "../lib/key";
import { drop, keep, type Kept, kept } from "../lib/till-queue";

/** So long may the market think before the till goes on without it. */
const PATIENCE_MS = 6_000;
/** How often the kept sales are tried again, and the stock is looked at. */
const AGAIN_MS = 5_000;
const LOOK_MS = 20_000;
/** How long the way back is offered. */
const UNDO_MS = 10_000;
const KEEP = "dangol-till-1";

interface Good {
  variant_id: string;
  price_won: number;
  left_now: number;
  allowance: number;
}

class TillBoard extends HTMLElement {
  private readonly form = this.querySelector("form")!;
  private readonly tiles = [...this.querySelectorAll<HTMLElement>(".tile")];
  private readonly store = this.dataset["store"]!;
  private readonly stop = new AbortController();
  private camera: AbortController | undefined;
  /** A code that nobody knows, until a tile is tapped. */
  private unknown = "";
  private down = false;
  private sending = false;
  private waiting: Kept[] = [];

  connectedCallback(): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.take();
    });
    this.form.addEventListener("input", () => this.sum());
    this.form.addEventListener("change", () => this.sum());
    this.addEventListener("click", (event) => this.tapped(event.target as HTMLElement));
    addEventListener("online", () => void this.send(), { signal: this.stop.signal });
    addEventListener("offline", () => this.line(true), { signal: this.stop.signal });
    const again = setInterval(() => this.waiting.length && void this.send(), AGAIN_MS);
    const look = setInterval(() => document.hidden || void this.look(), LOOK_MS);
    this.stop.signal.addEventListener("abort", () => (clearInterval(again), clearInterval(look), this.camera?.abort()));
    const tools = this.querySelector<HTMLElement>(".tools");
    if (tools) tools.hidden = false;
    this.line(!navigator.onLine);
    this.sum();
    void this.remember();
    void this.count().then(() => this.send());
  }

  disconnectedCallback(): void {
    this.stop.abort();
  }

  private input(tile: HTMLElement): HTMLInputElement {
    return tile.querySelector<HTMLInputElement>("input[type=number]")!;
  }

  private quantity(tile: HTMLElement): number {
    return Math.max(0, Math.floor(Number(this.input(tile).value) || 0));
  }

  /** How many of a tile may be sold now: with a line the market knows better. */
  private most(tile: HTMLElement): number {
    if (!this.down) return 99;
    const variant = tile.dataset["variant"]!;
    const gone = this.waiting.flatMap((one) => one.sale.lines).filter((line) => line.variant_id === variant).reduce((sum, line) => sum + line.quantity, 0);
    return Math.max(0, Number(tile.dataset["stockLeft"]) + Number(tile.dataset["allowance"]) - gone);
  }

  private total(): number {
    return this.tiles.reduce((sum, tile) => sum + this.quantity(tile) * Number(tile.dataset["price"]), 0);
  }

  private field(name: string): string {
    return new FormData(this.form).get(name)?.toString().trim() ?? "";
  }

  /** What was handed over; NaN when nothing was typed. */
  private received(): number {
    const digits = this.field("received").replace(/[^\d]/g, "");
    return this.field("tender") === "cash" && digits ? Number(digits) : NaN;
  }

  private sum(): void {
    for (const tile of this.tiles) {
      const most = this.most(tile);
      if (this.quantity(tile) > most) {
        this.input(tile).value = most ? String(most) : "";
        this.say(written(tile.dataset["name"], this.dataset["noMore"]));
      }
      // None is an empty field, which has no frame around it.
      if (this.input(tile).value && !this.quantity(tile)) this.input(tile).value = "";
    }
    const bar = this.querySelector<HTMLElement>(".sums")!;
    const total = this.total();
    bar.hidden = !total;
    bar.querySelector(".sum")!.textContent = written(total, this.dataset["money"]);
    const change = this.received() - total;
    bar.querySelector<HTMLElement>(".back")!.hidden = !(change > 0);
    bar.querySelector(".change")!.textContent = change > 0 ? written(change, this.dataset["money"]) : "";
  }

  private say(said: string, fields: Record<string, string> = {}): void {
    complain(this.form, { said, fields });
  }

  private tapped(target: HTMLElement): void {
    const tile = target.closest<HTMLElement>(".tile");
    if (tile && target.closest(".tap") && this.unknown) void this.teach(tile);
    if (target.closest("[data-act=scan]")) void this.scan();
  }

  private async take(): Promise<void> {
    if (this.form.getAttribute("aria-busy") === "true") return;
    const total = this.total();
    if (!total) return this.say(this.dataset["nothing"] ?? "");
    const received = this.received();
    if (received < total) return this.say("", { received_won: this.dataset["short"] ?? "" });
    this.say("");
    const picked = this.tiles.filter((tile) => this.quantity(tile));
    const tender = this.field("tender") || "cash";
    const one: Kept = {
      key: key(),
      store: this.store,
      sale: {
        lines: picked.map((tile) => ({ variant_id: tile.dataset["variant"]!, quantity: this.quantity(tile), price_won: Number(tile.dataset["price"]) })),
        tender,
        approval: tender === "cash" ? "" : this.field("approval"),
        offline: this.down,
        ...(Number.isNaN(received) ? {} : { received_won: received }),
        ...(this.down ? { sold_at: new Date().toISOString() } : {}),
      },
      what: `${picked.map((tile) => `${tile.dataset["name"]} × ${this.quantity(tile)}`).join(", ")} · ${written(total, this.dataset["money"])}`,
    };
    const change = received - total;
    this.form.setAttribute("aria-busy", "true");
    try {
      await keep(one);
      if (one.sale.offline) return this.sold(one, change);
      const answer = await this.post(one);
      if (answer === "lost") {
        // Nobody knows whether it arrived. The key makes the second sending the same sale; the goods are gone either way.
        this.line(true);
        one.sale = { ...one.sale, offline: true, sold_at: new Date().toISOString() };
        one.sent = true;
        await keep(one);
        return this.sold(one, change);
      }
      await drop(one.key);
      if (answer.ok) return this.sold(one, change, JSON.parse(answer.text) as { order_id: string; number: string });
      const told = wrong(answer.type, answer.text);
      this.say(told.said, told.fields);
      void this.look();
    } catch {
      this.say(this.dataset["failed"] ?? "");
    } finally {
      this.form.setAttribute("aria-busy", "false");
      await this.count();
    }
  }

  private async post(one: Kept): Promise<"lost" | { ok: boolean; status: number; type: string; text: string }> {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(`/api/v1/stores/${this.store}/till/sales`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, application/problem+json", "idempotency-key": one.key },
        body: JSON.stringify(one.sale),
        signal: stop.signal,
      });
      return { ok: answer.ok, status: answer.status, type: answer.headers.get("content-type") ?? "", text: await answer.text() };
    } catch {
      return "lost";
    } finally {
      clearTimeout(late);
    }
  }

  /** The tiles are free for the next buyer, and the way back stands for ten seconds. */
  private sold(one: Kept, change: number, told?: { order_id: string; number: string }): void {
    const words = this.querySelector<HTMLElement>(".say")!.dataset;
    let said = told ? written(told.number, words["done"]) : (words["kept"] ?? "");
    if (change > 0) said += ` ${written(written(change, this.dataset["money"]), words["doneChange"])}`;
    for (const tile of this.tiles) this.input(tile).value = "";
    for (const name of ["received", "approval"]) {
      const field = this.form.querySelector<HTMLInputElement>(`[name=${name}]`);
      if (field) field.value = "";
    }
    this.sum();
    for (const line of one.sale.lines) {
      const tile = this.tiles.find((tile) => tile.dataset["variant"] === line.variant_id);
      if (tile && told) this.left(tile, Number(tile.dataset["stockLeft"]) - line.quantity);
    }
    document.querySelector(".toast")?.remove();
    const toast = row(this, "done", { said });
    if (!toast) return;
    document.body.append(toast);
    const gone = setTimeout(() => toast.remove(), UNDO_MS);
    toast.querySelector("[data-act=undo]")?.addEventListener("click", () => {
      clearTimeout(gone);
      toast.remove();
      void this.undo(one, told);
    });
  }

  private async undo(one: Kept, told?: { order_id: string }): Promise<void> {
    if (told) {
      const answer = await fetch(`/sell/${this.store}/till/receipts/${told.order_id}/undo`, { method: "POST", headers: { accept: "application/json, application/problem+json" } }).catch(() => undefined);
      if (!answer?.ok) return this.say(answer ? wrong(answer.headers.get("content-type") ?? "", await answer.text()).said : (document.body.dataset["offline"] ?? ""));
      void this.look();
    } else {
      if (one.sent) await keep({ ...one, back: true });
      else await drop(one.key);
      await this.count();
    }
    this.say("");
    const toast = row(this, "done", { said: this.querySelector<HTMLElement>(".say")!.dataset["undone"] });
    toast?.querySelector("button")?.remove();
    if (toast) document.body.append(toast);
    setTimeout(() => toast?.remove(), 4_000);
  }

  private async callOff(order: string): Promise<boolean> {
    const answer = await fetch(`/api/v1/stores/${this.store}/till/sales/${order}/voiding`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ reason: this.querySelector<HTMLElement>(".say")!.dataset["undone"] }) }).catch(() => undefined);
    return !!answer?.ok;
  }

  private line(down: boolean): void {
    this.down = down;
    const state = this.querySelector<HTMLElement>(".line-state");
    if (state) state.hidden = !down;
    if (down) this.sum();
  }

  /** Shows what is kept, and what the market would not have. */
  private async count(): Promise<void> {
    const all = await kept(this.store).catch(() => []);
    this.waiting = all.filter((one) => one.why === undefined);
    const place = this.querySelector<HTMLElement>(".queued");
    const words = place?.querySelector<HTMLElement>("[data-format]");
    if (place && words) {
      place.hidden = !this.waiting.length;
      words.textContent = written(this.waiting.length, words.dataset["format"]);
    }
    const refused = all.filter((one) => one.why !== undefined);
    const list = this.querySelector<HTMLElement>(".refused")!;
    list.hidden = !refused.length;
    list.querySelector("ul")!.replaceChildren(...refused.flatMap((one) => row(this, "refused", one as unknown as Record<string, unknown>) ?? []));
  }

  /** Sends what is kept, the oldest first, and looks at the stock when all of it is written. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      const all = (await kept(this.store).catch(() => [])).filter((one) => one.why === undefined);
      all.sort((a, b) => (a.sale.sold_at ?? "").localeCompare(b.sale.sold_at ?? ""));
      for (const one of all) {
        const answer = await this.post(one);
        if (answer === "lost" || answer.status >= 500 || answer.status === 429) return this.line(true);
        if (answer.ok) {
          // It was taken back while nobody knew whether it had arrived.
          if (one.back && !(await this.callOff((JSON.parse(answer.text) as { order_id: string }).order_id))) return this.line(true);
          await drop(one.key);
        } else if (answer.status === 401) return location.assign(`/sign-in?to=${encodeURIComponent(location.pathname)}`);
        else await keep({ ...one, why: wrong(answer.type, answer.text).said || String(answer.status) });
      }
      await this.look();
    } finally {
      this.sending = false;
      await this.count();
    }
  }

  /** Looks at prices and stock as they are now; that there is an answer says that the line is up. */
  private async look(): Promise<void> {
    const answer = await fetch(`/api/v1/stores/${this.store}/till`, { headers: { accept: "application/json" } }).catch(() => undefined);
    if (!answer?.ok) return answer ? undefined : this.line(true);
    const { goods } = (await answer.json()) as { goods: Good[] };
    this.line(false);
    for (const good of goods) {
      const tile = this.tiles.find((tile) => tile.dataset["variant"] === good.variant_id);
      if (!tile) continue;
      tile.dataset["allowance"] = String(good.allowance);
      tile.dataset["price"] = String(good.price_won);
      tile.querySelector<HTMLInputElement>("input[type=hidden]")!.value = String(good.price_won);
      const price = tile.querySelector("data.price");
      if (price) price.textContent = written(good.price_won, this.dataset["money"]);
      this.left(tile, good.left_now);
    }
    this.sum();
    // As it stands in the page that is kept for when the line is down.
    void this.remember();
  }

  private left(tile: HTMLElement, left: number): void {
    tile.dataset["stockLeft"] = String(left);
    const place = tile.querySelector(".left");
    if (place) place.textContent = left > 0 ? written(left, this.dataset["left"]) : (this.dataset["none"] ?? "");
  }

  /** Keeps this page and its pieces, so that it opens while the line is down. */
  private async remember(): Promise<void> {
    if (!("serviceWorker" in navigator) || !("caches" in window) || this.down) return;
    try {
      const here = location.pathname;
      await navigator.serviceWorker.register(this.dataset["worker"]!, { scope: here });
      const keep = await caches.open(KEEP);
      const page = await fetch(here, { headers: { accept: "text/html" } });
      if (page.ok && !page.redirected) await keep.put(location.origin + here, page);
      const pieces = performance.getEntriesByType("resource").map((piece) => piece.name).filter((name) => /^\/(assets|photos)\//.test(new URL(name).pathname));
      const styles = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].map((link) => link.href);
      for (const piece of new Set([...pieces, ...styles])) if (!(await keep.match(piece))) await keep.add(piece).catch(() => undefined);
    } catch {
      // Without a worker the till still goes on as long as it is open.
    }
  }

  private async scan(): Promise<void> {
    if (this.camera) {
      this.camera.abort();
      this.camera = undefined;
      return;
    }
    const stop = (this.camera = new AbortController());
    const { scan } = await import("../lib/scan");
    if (!(await scan(this.querySelector("video")!, (code) => this.read(code), stop.signal))) {
      this.camera = undefined;
      this.say(this.dataset["noCamera"] ?? "");
    }
  }

  /** One more of what was scanned: stripes that were taught, or the squares of our own sign. */
  private read(code: string): void {
    let name = code;
    try {
      name = new URL(code).pathname;
    } catch {
      // Stripes are no address.
    }
    const tile = this.tiles.find((tile) => (tile.dataset["codes"] ?? "").split(" ").includes(name));
    navigator.vibrate?.(60);
    if (tile) {
      this.unknown = "";
      this.say("");
      this.input(tile).value = String(this.quantity(tile) + 1);
      tile.scrollIntoView({ block: "nearest" });
      return this.sum();
    }
    this.unknown = code;
    this.say(this.dataset["unknown"] ?? "");
  }

  private async teach(tile: HTMLElement): Promise<void> {
    const code = this.unknown;
    this.unknown = "";
    const answer = await fetch(`/api/v1/stores/${this.store}/till/barcodes`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, variant_id: tile.dataset["variant"] }) }).catch(() => undefined);
    if (!answer?.ok) return;
    tile.dataset["codes"] = `${tile.dataset["codes"] ?? ""} ${code}`.trim();
    this.say("");
    const toast = row(this, "done", { said: written(tile.dataset["name"], this.dataset["taught"]) });
    toast?.querySelector("button")?.remove();
    if (toast) document.body.append(toast);
    setTimeout(() => toast?.remove(), 3_000);
  }
}
customElements.define("till-board", TillBoard);

// The list of what is said: bounded, in lumps, at the bottom unless the reader went up.
import { row, type Values } from "./fill";

const ROWS = 200;
/** New rows are shown together this often: two hundred a second would be a blur and a hot phone. */
const LUMP_MS = 100;
/** This near to the bottom counts as being there. */
const NEAR = 80;

/** Owns an `<ol class="chat">`; `newest` is a button that leads back to the bottom. */
export class Talk {
  private waiting: HTMLElement[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly list: HTMLElement,
    private readonly root: ParentNode,
    private readonly newest: HTMLElement | null,
  ) {
    newest?.addEventListener("click", () => this.down());
    list.addEventListener("scroll", () => {
      if (newest && this.atBottom()) newest.hidden = true;
    });
  }

  say(values: Values): void {
    const made = row(this.root, "chat", values);
    if (!made) return;
    made.dataset["id"] = String(values["id"]);
    this.waiting.push(made);
    this.timer ??= setTimeout(() => this.show(), LUMP_MS);
  }

  hide(id: string): void {
    this.waiting = this.waiting.filter((said) => said.dataset["id"] !== id);
    this.list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
  }

  /** The whole talk, told anew: what stands already stays, so that nothing flickers and the reader keeps the place. */
  renew(lines: readonly Values[]): void {
    const ids = new Set(lines.map((line) => String(line["id"])));
    const here = new Set<string>();
    this.waiting = [];
    for (const said of this.list.querySelectorAll<HTMLElement>("[data-id]")) {
      const id = said.dataset["id"]!;
      if (ids.has(id)) here.add(id);
      else said.remove();
    }
    for (const line of lines) if (!here.has(String(line["id"]))) this.say(line);
  }

  clear(): void {
    this.waiting = [];
    this.list.replaceChildren();
  }

  private show(): void {
    this.timer = undefined;
    const stick = this.atBottom();
    this.list.append(...this.waiting.splice(0).slice(-ROWS));
    while (this.list.childElementCount > ROWS) this.list.firstElementChild!.remove();
    if (stick) this.down();
    else if (this.newest) this.newest.hidden = false;
  }

  private atBottom(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  private down(): void {
    this.list.scrollTop = this.list.scrollHeight;
    if (this.newest) this.newest.hidden = true;
  }
}

// <turn-view data-label data-value="{of}장 가운데 {now}번째" data-loading> turns photos taken around a thing.
//
// It holds `.turn-stills` (photos with data-large) and a template with `.turn`: one picture and two buttons. The stills stay
// where there is no script, where the reader saves data, and on a phone with little memory. Otherwise the picture is a
// slider: drag it, use the arrow keys, or press the buttons. Nothing turns by itself.

/** Gigabytes below which the stills stay. */
const MEMORY = 2;
/** So far a finger goes for one full turn, in widths of the picture. */
const WIDTHS = 1.2;

type Phone = Navigator & { deviceMemory?: number; connection?: { saveData?: boolean; effectiveType?: string } };

/** Whether this phone and this line are up to it. */
export function able({ deviceMemory, connection }: Pick<Phone, "deviceMemory" | "connection">): boolean {
  const slow = connection?.effectiveType === "2g" || connection?.effectiveType === "slow-2g";
  return (deviceMemory ?? MEMORY) >= MEMORY && connection?.saveData !== true && !slow;
}

/** The photo after `from`, some steps on, around and around. */
export const around = (from: number, steps: number, of: number): number => (((from + steps) % of) + of) % of;

class TurnView extends HTMLElement {
  private photos: string[] = [];
  private now = 0;
  private from: { x: number; at: number } | undefined;
  private picture!: HTMLImageElement;
  private loaded: Promise<unknown> | undefined;

  connectedCallback(): void {
    const stills = this.querySelector<HTMLElement>(".turn-stills");
    const template = this.querySelector("template");
    this.photos = [...this.querySelectorAll<HTMLImageElement>("[data-large]")].map((still) => still.dataset["large"]!);
    if (!stills || !template || this.photos.length < 2 || !able(navigator as Phone)) return;
    stills.replaceWith(template.content.cloneNode(true));
    this.picture = this.querySelector("img")!;
    const { picture } = this;
    picture.tabIndex = 0;
    // An empty alt would say that there is nothing to see, and a slider is something.
    picture.alt = this.dataset["label"] ?? "";
    for (const [name, value] of [["role", "slider"], ["aria-label", this.dataset["label"] ?? ""], ["aria-valuemin", "1"], ["aria-valuemax", String(this.photos.length)]] as const) picture.setAttribute(name, value);
    picture.addEventListener("keydown", (event) => this.key(event));
    picture.addEventListener("pointerdown", (event) => this.grasp(event));
    picture.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => (this.from = undefined));
    this.addEventListener("click", ({ target }) => {
      const steps = (target as Element).closest<HTMLElement>("[data-turn]")?.dataset["turn"];
      if (steps) this.turn(around(this.now, Number(steps), this.photos.length));
    });
    this.turn(0);
  }

  /** Shows a photo. The others are fetched with the first touch, not before. */
  private turn(to: number): void {
    if (to !== this.now) this.load();
    this.now = to;
    this.picture.src = this.photos[to]!;
    const said = (this.dataset["value"] ?? "").replace("{now}", String(to + 1)).replace("{of}", String(this.photos.length));
    this.picture.setAttribute("aria-valuenow", String(to + 1));
    this.picture.setAttribute("aria-valuetext", said);
  }

  private load(): void {
    this.loaded ??= Promise.allSettled(this.photos.map((photo) => Object.assign(new Image(), { src: photo }).decode()));
  }

  private key(event: KeyboardEvent): void {
    const of = this.photos.length;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: Math.round(of / 4), PageDown: -Math.round(of / 4) };
    const to = event.key === "Home" ? 0 : event.key === "End" ? of - 1 : event.key in steps ? around(this.now, steps[event.key]!, of) : undefined;
    if (to === undefined) return;
    event.preventDefault();
    this.turn(to);
  }

  private grasp(event: PointerEvent): void {
    this.from = { x: event.clientX, at: this.now };
    this.picture.setPointerCapture(event.pointerId);
    this.load();
  }

  private drag(event: PointerEvent): void {
    if (!this.from) return;
    const of = this.photos.length;
    const steps = Math.round(((event.clientX - this.from.x) / (this.picture.clientWidth * WIDTHS)) * of);
    const to = around(this.from.at, steps, of);
    if (to !== this.now) this.turn(to);
  }
}
if (typeof customElements !== "undefined") customElements.define("turn-view", TurnView);

// <buy-sheet> wraps a <dialog class="sheet"> with `.sheet-body`; opened by any `[data-buy]` on the page.
//
// `[data-buy="/products/ID"]` (or its href) is fetched as a fragment into `.sheet-body`, so one sheet serves every pin;
// `data-buy=""` opens what stands there already. The form inside is `data-stay data-fragment`: the answer replaces it.
// The picture plays on behind it. Without JavaScript `[data-buy]` is a link to the product.

class BuySheet extends HTMLElement {
  private readonly dialog = this.querySelector("dialog")!;
  private readonly stop = new AbortController();

  connectedCallback(): void {
    document.addEventListener("click", (event) => this.tap(event), { signal: this.stop.signal } as AddEventListenerOptions);
  }

  disconnectedCallback(): void {
    this.stop.abort();
  }

  private tap(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target === this.dialog || target.closest("[data-close]")) return this.dialog.close?.();
    const opener = target.closest<HTMLElement>("[data-buy]");
    if (!opener || !this.dialog.showModal || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    void this.open(opener.dataset["buy"] || opener.getAttribute("href"), opener);
  }

  private async open(url: string | null, opener: HTMLElement): Promise<void> {
    const body = this.querySelector<HTMLElement>(".sheet-body");
    if (url && body) {
      opener.setAttribute("aria-busy", "true");
      const answer = await fetch(url, { headers: { "x-fragment": "1", accept: "text/html" } }).catch(() => null);
      opener.removeAttribute("aria-busy");
      if (!answer?.ok) return location.assign(url); // The whole page says what is wrong.
      body.innerHTML = await answer.text();
    }
    if (!this.dialog.open) this.dialog.showModal();
  }
}
customElements.define("buy-sheet", BuySheet);

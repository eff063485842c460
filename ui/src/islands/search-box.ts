// <search-box data-none data-some> around a plain search form. What suggests comes when somebody is about to type.

class SearchBox extends HTMLElement {
  connectedCallback(): void {
    const input = this.querySelector<HTMLInputElement>("input[type=search]");
    const come = (): void => void import("../lib/suggest").then(({ suggest }) => suggest(this, input!));
    if (input && input === document.activeElement) come();
    else input?.addEventListener("focus", come, { once: true });
  }
}
customElements.define("search-box", SearchBox);

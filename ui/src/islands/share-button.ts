// <share-button data-url data-title data-done="주소를 복사했어요"> wraps a link or button; the phone's own share sheet, else the clipboard.
// With `data-copy` that text goes into the clipboard and nowhere else.

class ShareButton extends HTMLElement {
  connectedCallback(): void {
    this.querySelector("a, button")?.addEventListener("click", (event) => {
      event.preventDefault();
      void this.share();
    });
  }

  private async share(): Promise<void> {
    const copy = this.dataset["copy"];
    const url = copy ?? new URL(this.dataset["url"] ?? location.pathname, location.href).href;
    const title = this.dataset["title"] ?? document.title;
    try {
      if (navigator.share && !copy) await navigator.share({ url, title });
      else {
        await navigator.clipboard.writeText(url);
        const said = this.querySelector("output");
        if (said) said.textContent = this.dataset["done"] ?? "";
      }
    } catch {
      // The person closed the sheet: nothing to say.
    }
  }
}
customElements.define("share-button", ShareButton);

// <cue-sheet data-saved="…" data-lost="…"> around the forms of a cue sheet: what was typed is saved when its field is left, so
// that nobody loses a text by going back. An `output` says so. The forms' own buttons work as they do without it.
class CueSheet extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("change", (event) => {
      const form = (event.target as HTMLInputElement).form;
      if (form?.querySelector('[value="save"]')) void this.save(form);
    });
  }

  private async save(form: HTMLFormElement): Promise<void> {
    const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    body.set("act", "save");
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true, headers: { accept: "text/html" } }).catch(() => null);
    const said = form.querySelector("output");
    if (said) said.textContent = (answer?.ok ? this.dataset["saved"] : this.dataset["lost"]) ?? "";
  }
}
customElements.define("cue-sheet", CueSheet);

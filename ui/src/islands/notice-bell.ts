// <notice-bell data-key data-worker> around the form that asks to be told. On a tap the browser is asked whether it may
// show notices; whatever it says, the form is sent then: without its leave a letter comes instead.

/** So long may the browser think before the form goes without it. */
const PATIENCE_MS = 20_000;

class NoticeBell extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector("form");
    if (!form || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
    const onSubmit = (event: SubmitEvent): void => {
      event.preventDefault();
      form.removeEventListener("submit", onSubmit);
      const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
      void Promise.race([this.subscribe().catch(() => undefined), late]).then(() => form.requestSubmit(event.submitter));
    };
    form.addEventListener("submit", onSubmit);
  }

  private async subscribe(): Promise<void> {
    if ((await Notification.requestPermission()) !== "granted") return;
    await navigator.serviceWorker.register(this.dataset["worker"]!);
    const worker = await navigator.serviceWorker.getRegistration(this.dataset["worker"]!);
    if (!worker) return;
    await active(worker);
    const wanted = { userVisibleOnly: true, applicationServerKey: this.dataset["key"]! };
    const browser = await worker.pushManager.subscribe(wanted);
    await fetch("/api/v1/push", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(browser.toJSON()),
    });
  }
}

/** Waits until a worker that was just installed works: before that it cannot subscribe. */
async function active(registration: ServiceWorkerRegistration): Promise<void> {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return;
  await new Promise<void>((done) => coming.addEventListener("statechange", () => coming.state === "activated" && done()));
}
customElements.define("notice-bell", NoticeBell);

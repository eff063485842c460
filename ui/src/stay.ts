// `form[data-stay]` is sent by fetch and the page stays: the video plays on, what was typed is kept.
//
// Without JavaScript the same form posts and follows the 303. With it:
//   answer is HTML and the form (or its `<buy-sheet>`) asks for a fragment → it replaces the form
//   answer is JSON   → the form is emptied if it says `data-clear`; `stay:done` is fired with the JSON
//   a redirect       → followed only with `data-follow`
//   a problem        → its `detail` stands in the form's `[role=alert]`; `stay:failed` is fired
// One tap sends once: a busy form ignores further taps, and a hidden input `key` goes as Idempotency-Key.
import { key } from "./lib/key";

/** How long a form waits for an answer before it says that the line is bad. */
const PATIENCE_MS = 20_000;

/** A problem as the server tells it (RFC 9457). */
export interface Problem {
  title?: string;
  detail?: string;
  errors?: Record<string, string>;
}

/** Listens on a root for submits of `form[data-stay]`. */
export function stay(root: Document): void {
  root.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches?.("form[data-stay]") || event.defaultPrevented) return;
    event.preventDefault();
    void send(form, (event as SubmitEvent).submitter as HTMLButtonElement | null);
  });
}

async function send(form: HTMLFormElement, button: HTMLButtonElement | null): Promise<void> {
  if (form.getAttribute("aria-busy") === "true") return;
  busy(form, button, true);
  complain(form, "");
  const body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, {
      method: "POST",
      body: form.enctype === "multipart/form-data" ? body : new URLSearchParams(body as unknown as Record<string, string>),
      headers: headers(form),
      signal: stop.signal,
    });
    await settle(form, answer);
  } catch {
    complain(form, form.dataset["offline"] ?? document.body.dataset["offline"] ?? "");
    form.dispatchEvent(new CustomEvent("stay:failed", { bubbles: true }));
  } finally {
    clearTimeout(timer);
    busy(form, button, false);
  }
}

function headers(form: HTMLFormElement): Record<string, string> {
  const fragment = "fragment" in form.dataset;
  const sent: Record<string, string> = { accept: fragment ? "text/html, application/problem+json" : "application/json, application/problem+json" };
  if (fragment) sent["x-fragment"] = "1";
  const once = form.querySelector<HTMLInputElement>("input[name=key]");
  if (once) {
    once.value ||= key();
    sent["idempotency-key"] = once.value;
  }
  return sent;
}

async function settle(form: HTMLFormElement, answer: Response): Promise<void> {
  const type = answer.headers.get("content-type") ?? "";
  if (!answer.ok) {
    const problem: Problem = type.includes("json") ? await answer.json() : {};
    if (type.includes("html")) return replace(form, await answer.text());
    complain(form, problem.detail ?? problem.title ?? form.dataset["failed"] ?? document.body.dataset["failed"] ?? "", problem.errors);
    form.dispatchEvent(new CustomEvent("stay:failed", { bubbles: true, detail: problem }));
    return;
  }
  const once = form.querySelector<HTMLInputElement>("input[name=key]");
  if (once) once.value = "";
  if ("follow" in form.dataset && answer.redirected) return location.assign(answer.url);
  if (type.includes("html") && "fragment" in form.dataset) return replace(form, await answer.text());
  const said = type.includes("json") ? await answer.json().catch(() => ({})) : {};
  if (typeof said.location === "string" && "follow" in form.dataset) return location.assign(said.location);
  if ("clear" in form.dataset) form.reset();
  form.dispatchEvent(new CustomEvent("stay:done", { bubbles: true, detail: said }));
}

/** The answer's HTML, made by the server, stands where the form stood and takes the focus. */
function replace(form: HTMLFormElement, html: string): void {
  const place = document.createElement("template");
  place.innerHTML = html;
  const first = place.content.querySelector<HTMLElement>("[autofocus], h1, h2, [role=status], [role=alert]");
  form.dispatchEvent(new CustomEvent("stay:replaced", { bubbles: true }));
  form.replaceWith(place.content);
  if (first) {
    if (first.tabIndex < 0) first.tabIndex = -1;
    first.focus({ preventScroll: false });
  }
}

function complain(form: HTMLFormElement, words: string, errors: Record<string, string> = {}): void {
  const place = form.querySelector<HTMLElement>("[role=alert]");
  if (place) {
    (place.querySelector<HTMLElement>("[data-slot=detail]") ?? place).textContent = words;
    place.hidden = !words;
  }
  for (const field of form.querySelectorAll<HTMLElement>("[aria-invalid=true]")) field.removeAttribute("aria-invalid");
  let first: HTMLElement | undefined;
  for (const [name, text] of Object.entries(errors)) {
    const field = form.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`);
    const error = field?.id ? document.getElementById(`${field.id}-error`) : null;
    if (!field || !error) continue;
    field.setAttribute("aria-invalid", "true");
    error.hidden = false;
    (error.querySelector<HTMLElement>("[data-slot=detail]") ?? error).textContent = text;
    first ??= field;
  }
  first?.focus();
}

function busy(form: HTMLFormElement, button: HTMLButtonElement | null, on: boolean): void {
  form.setAttribute("aria-busy", String(on));
  button?.setAttribute("aria-busy", String(on));
}

// `form[data-stay]` is sent by fetch and the page stays: the video plays on, what was typed is kept.
//
// Without JavaScript the same form posts and follows the 303. With it:
//   success   → `stay:done` is fired with the JSON; `data-clear` empties the form, `data-follow` goes where the 303 leads
//   a piece of HTML, asked for by `data-fragment` → it replaces the form
//   a problem → its words stand in the form's `[role=alert]` and beside the fields; `stay:failed` is fired
//   not signed in → the sign-in page, and back here
// One tap sends once: a busy form ignores further taps, and a hidden input `key` goes as Idempotency-Key.
import { complain, isPage, wrong } from "./lib/answer";
import { key } from "./lib/key";

/** How long a form waits for an answer before it says that the line is bad. */
const PATIENCE_MS = 20_000;

/** Listens on a root for submits of `form[data-stay]`. */
export function stay(root: Document): void {
  root.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches?.("form[data-stay]") || event.defaultPrevented) return;
    event.preventDefault();
    void send(form, event.submitter as HTMLButtonElement | null);
  });
}

async function send(form: HTMLFormElement, button: HTMLButtonElement | null): Promise<void> {
  if (form.getAttribute("aria-busy") === "true") return;
  const headers = wants(form);
  const body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  busy(form, button, true);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, {
      method: "POST",
      body: form.enctype === "multipart/form-data" ? body : new URLSearchParams(body as unknown as Record<string, string>),
      headers,
      signal: stop.signal,
    });
    settle(form, answer, answer.headers.get("content-type") ?? "", await answer.text());
  } catch {
    fail(form, form.dataset["offline"] ?? document.body.dataset["offline"] ?? "");
  } finally {
    clearTimeout(timer);
    busy(form, button, false);
  }
}

function wants(form: HTMLFormElement): Record<string, string> {
  // With text/html the server would answer problems as pages; a piece is asked for by its own header.
  const sent: Record<string, string> = { accept: "application/json, application/problem+json" };
  if ("fragment" in form.dataset) sent["x-fragment"] = "1";
  if ("follow" in form.dataset) sent["accept"] = "text/html";
  const once = form.querySelector<HTMLInputElement>("input[name=key]");
  if (once) sent["idempotency-key"] = once.value ||= key();
  return sent;
}

function settle(form: HTMLFormElement, answer: Response, type: string, text: string): void {
  if (answer.status === 401) return location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
  const html = type.includes("html");
  if (html && !isPage(text)) return replace(form, text);
  if (!answer.ok) {
    const { said, fields } = wrong(type, text);
    return fail(form, said || (document.body.dataset["failed"] ?? ""), fields);
  }
  if (html && answer.redirected && ("follow" in form.dataset || "fragment" in form.dataset)) return location.assign(answer.url);
  const once = form.querySelector<HTMLInputElement>("input[name=key]");
  if ("clear" in form.dataset) form.reset();
  // After form.reset(), which would bring the page's first key back.
  if (once) once.value = "";
  complain(form, { said: "", fields: {} });
  form.dispatchEvent(new CustomEvent("stay:done", { bubbles: true, detail: type.includes("json") ? JSON.parse(text || "{}") : {} }));
}

function fail(form: HTMLFormElement, said: string, fields: Record<string, string> = {}): void {
  complain(form, { said, fields });
  form.dispatchEvent(new CustomEvent("stay:failed", { bubbles: true, detail: { said, fields } }));
}

/** The piece of HTML, made by the server, stands where the form stood and takes the focus. */
function replace(form: HTMLFormElement, html: string): void {
  const place = document.createElement("template");
  place.innerHTML = html;
  const first = place.content.querySelector<HTMLElement>("[autofocus], [aria-invalid=true], h1, h2, [role=status], [role=alert]");
  form.dispatchEvent(new CustomEvent("stay:replaced", { bubbles: true }));
  form.replaceWith(place.content);
  if (first && first.tabIndex < 0) first.tabIndex = -1;
  first?.focus();
}

function busy(form: HTMLFormElement, button: HTMLButtonElement | null, on: boolean): void {
  form.setAttribute("aria-busy", String(on));
  button?.setAttribute("aria-busy", String(on));
}

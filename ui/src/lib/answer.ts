// What an answer says against a form, whether it came as problem+json or as a page.

/** The sentence, and sentences beside fields by their name. */
export interface Wrong {
  said: string;
  fields: Record<string, string>;
}

/** A problem as the server tells it (RFC 9457): the title says what happened, the detail what to do now. */
interface Problem {
  title?: string;
  detail?: string;
  fields?: { field: string; detail: string }[];
}

/** Reads a refusal; `type` is its content type. */
export function wrong(type: string, text: string): Wrong {
  if (type.includes("json")) {
    const { title = "", detail = "", fields = [] } = JSON.parse(text) as Problem;
    // A title is a heading and has no full stop; here it is the first of two sentences.
    const first = title && !/[.!?]$/.test(title) ? `${title}.` : title;
    return { said: `${first} ${detail}`.trim(), fields: Object.fromEntries(fields.map(({ field, detail }) => [field, detail])) };
  }
  if (!type.includes("html")) return { said: "", fields: {} };
  // A form shown again with its errors, or the page of a problem.
  const page = new DOMParser().parseFromString(text, "text/html");
  const fields: Record<string, string> = {};
  for (const error of page.querySelectorAll<HTMLElement>('.error[id$="-error"]:not([hidden])')) fields[error.id.slice(0, -6)] = words(error);
  const place = page.querySelector("main [role=alert]:not([hidden])");
  const lines = [...(place?.querySelectorAll("h1, p:not(.soft)") ?? [])].filter((line) => !line.querySelector("a"));
  return { said: lines.length ? lines.map(words).join(" ") : words(place), fields };
}

/** Whether HTML is a whole page and not a piece of one. */
export function isPage(html: string): boolean {
  return /^\s*<!doctype/i.test(html);
}

/** Shows it in the form: the sentence in `[role=alert]`, the others in `#NAME-error` beside their fields. */
export function complain(form: HTMLFormElement, { said, fields }: Wrong): void {
  const place = form.querySelector<HTMLElement>("[role=alert]");
  const homeless = Object.entries(fields).filter(([name]) => !document.getElementById(`${name}-error`)).map(([, text]) => text);
  if (place) say(place, [said, ...homeless].join(" ").trim());
  for (const field of form.querySelectorAll("[aria-invalid=true]")) {
    field.removeAttribute("aria-invalid");
    const error = document.getElementById(`${field.id}-error`);
    if (error) say(error, "");
  }
  let first: HTMLElement | undefined;
  for (const [name, text] of Object.entries(fields)) {
    const error = document.getElementById(`${name}-error`);
    if (error) say(error, text);
    const field = form.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`);
    field?.setAttribute("aria-invalid", "true");
    first ??= field ?? undefined;
  }
  first?.focus();
}

function say(place: HTMLElement, text: string): void {
  (place.querySelector("[data-slot=detail]") ?? place).textContent = text;
  place.hidden = !text;
}

function words(place: Element | null): string {
  return place?.textContent?.replace(/\s+/g, " ").trim() ?? "";
}

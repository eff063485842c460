// Rows come from `<template data-row="…">` in the page, so that HTML is made in one place. In a template
//   data-slot="name"            text; with data-format="{}원" a number is written the page's way
//   data-attr="href:url id:id"  attributes from values
//   data-class="from"           adds the class from-VALUE
//   data-if="origin"            stays only when there is a value

/** Values of one row. */
export type Values = Readonly<Record<string, unknown>>;

/** Clones the row's template out of `root` and fills it; null when the page has none. */
export function row(root: ParentNode, name: string, values: Values): HTMLElement | null {
  const template = root.querySelector<HTMLTemplateElement>(`template[data-row="${name}"]`);
  const made = template?.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined;
  if (!made) return null;
  for (const part of [made, ...made.querySelectorAll<HTMLElement>("[data-slot], [data-attr], [data-class], [data-if]")]) fill(part, values);
  return made;
}

function fill(part: HTMLElement, values: Values): void {
  const { slot, attr, class: kind, if: needed } = part.dataset;
  if (needed !== undefined && (values[needed] ?? "") === "") return part.remove();
  if (slot !== undefined) part.textContent = written(values[slot], part.dataset["format"]);
  if (kind !== undefined) part.classList.add(`${kind}-${String(values[kind])}`);
  for (const pair of attr?.split(" ") ?? []) {
    const [name, key] = pair.split(":");
    if (name && key && !name.startsWith("on")) part.setAttribute(name, String(values[key] ?? ""));
  }
}

/** A value in the page's language, set into a format such as "{}개 남음". */
export function written(value: unknown, format = "{}"): string {
  const text = typeof value === "number" ? new Intl.NumberFormat(document.documentElement.lang).format(value) : String(value ?? "");
  return format.replace("{}", text);
}

/** Writes a stock everywhere it stands: `[data-stock=VARIANT]` with data-format and data-none. */
export function stock(variant: string, left: number): void {
  for (const place of document.querySelectorAll<HTMLElement>(`[data-stock="${CSS.escape(variant)}"]`)) {
    place.textContent = left > 0 ? written(left, place.dataset["format"]) : (place.dataset["none"] ?? "0");
  }
}

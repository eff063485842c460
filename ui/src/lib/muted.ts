// Who was muted in this show: `.muted` in a studio, rows from template[data-row=muted].
import { row, type Values } from "./fill";

/** Somebody was muted (there is a name) or may talk again. */
export function muted(root: HTMLElement, told: Values): void {
  const place = root.querySelector<HTMLElement>(".muted");
  const list = place?.querySelector("ul");
  if (!place || !list) return;
  const known = list.querySelector(`[value="${CSS.escape(String(told["person"]))}"]`)?.closest("li");
  if (!told["name"]) known?.remove();
  else if (!known) list.append(row(root, "muted", told) ?? "");
  place.hidden = !list.childElementCount;
  if (told["name"]) place.closest("details")!.open = true;
}

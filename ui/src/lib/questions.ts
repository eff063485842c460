// The questions that wait for the seller: `.questions` in a studio, rows from template[data-row=question].
import { row, type Values } from "./fill";

/** Draws a question that was asked, asked again, or marked; `base` is "/live/ID". */
export function question(root: HTMLElement, base: string, frame: Values): void {
  const list = root.querySelector<HTMLElement>(".questions");
  if (!list) return;
  const action = `${base}/questions/${String(frame["id"])}`;
  const known = list.querySelector<HTMLElement>(`[data-question="${CSS.escape(String(frame["id"]))}"]`);
  const made = frame["open"] ? row(root, "question", { ...frame, action }) : null;
  if (known && made) known.replaceWith(made);
  else if (made) list.append(made);
  else if (known) {
    known.remove();
    const undo = root.querySelector<HTMLFormElement>(".question-undo");
    if (undo) {
      undo.action = action;
      undo.hidden = false;
    }
  }
  const none = list.parentElement?.querySelector<HTMLElement>(".none");
  if (none) none.hidden = list.childElementCount > 0;
}

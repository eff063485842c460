// The one script of every page: forms that stay, the sprite of toasts, and islands loaded when their tag is here.
import { stay } from "./stay";

/** Vite turns each path into its own file; nothing is fetched before a tag asks for it. */
const islands = import.meta.glob<unknown>("./islands/*.ts");
/** So long may a picture keep the islands beside it waiting. */
const PICTURE_MS = 1_000;

/** Loads what has a tag here. What stands beside a live picture comes when it is seen: line and processor are its first. */
async function wake(root: ParentNode): Promise<void> {
  const first = root.querySelector("[data-first]");
  if (first) await new Promise((seen) => (first.addEventListener("first-picture", seen), setTimeout(seen, PICTURE_MS)));
  for (const [path, load] of Object.entries(islands)) {
    const tag = path.slice("./islands/".length, -".ts".length);
    if (root.querySelector(tag)) void load();
  }
}

/** `[data-step=-1|1]` beside a number: the same as typing it. */
function step(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLElement>("[data-step]");
  const input = button?.parentElement?.querySelector("input");
  if (!button || !input) return;
  const most = Number(input.max || Infinity);
  input.value = String(Math.min(most, Math.max(Number(input.min || 1), Number(input.value) + Number(button.dataset["step"]))));
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

stay(document);
document.addEventListener("click", step);
void wake(document);
document.documentElement.classList.add("js");

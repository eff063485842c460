// The one script of every page: forms that stay, the sprite of toasts, and islands loaded when their tag is here.
import { stay } from "./stay";

/** Vite turns each path into its own file; nothing is fetched before a tag asks for it. */
const islands = import.meta.glob<unknown>("./islands/*.ts");

function wake(root: ParentNode): void {
  for (const [path, load] of Object.entries(islands)) {
    const tag = path.slice("./islands/".length, -".ts".length);
    if (root.querySelector(tag)) void load();
  }
}

stay(document);
wake(document);
document.documentElement.classList.add("js");

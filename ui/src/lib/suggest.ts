// Suggestions beneath a search box: a combobox with a list, by keys and by touch (ARIA APG, list autocomplete).
// Whoever takes a word searches for it; whoever takes a product or a stall goes there.

/** As the server tells it. */
interface Suggestion {
  text: string;
  note: string;
  href: string;
}

/** So long somebody rests between two keys before the server is asked. */
const REST_MS = 120;

export function suggest(box: HTMLElement, input: HTMLInputElement): void {
  if (input.role === "combobox") return;
  const store = box.querySelector<HTMLInputElement>("input[name=store]")?.value ?? "";
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `suggestions-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? "");
  list.hidden = true;
  const told = document.createElement("output");
  told.className = "unseen";
  box.append(list, told);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let asked: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let at = -1;
  const options = (): HTMLElement[] => [...list.children] as HTMLElement[];

  const close = (): void => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (to: number): void => {
    const all = options();
    all[at]?.setAttribute("aria-selected", "false");
    at = all.length ? (to + all.length) % all.length : -1;
    const one = all[at];
    if (!one) return;
    one.setAttribute("aria-selected", "true");
    one.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", one.id);
  };
  const show = (found: Suggestion[]): void => {
    list.replaceChildren(...found.map((one, place) => option(one, `${list.id}-${place}`)));
    told.textContent = (found.length ? box.dataset["some"] : box.dataset["none"]) ?? "";
    close();
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
  };
  const ask = async (): Promise<void> => {
    asked?.abort();
    const text = input.value.trim();
    if (!text) return close();
    asked = new AbortController();
    const query = new URLSearchParams({ q: text, store });
    try {
      const answer = await fetch(`/search/suggestions?${query}`, { signal: asked.signal, headers: { accept: "application/json" } });
      if (answer.ok) show((await answer.json()) as Suggestion[]);
    } catch {
      // Asked again since, or no line: the form works without suggestions.
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), REST_MS);
  });
  input.addEventListener("keydown", (event) => {
    // While a syllable is being put together the arrows and Enter are the keyboard's own.
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return void ask();
      event.preventDefault();
      mark(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      go(options()[at]!);
    }
  });
  // The finger comes down before the box loses the focus.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const one = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (one) go(one);
  });
  input.addEventListener("blur", close);
  input.form?.addEventListener("submit", () => (asked?.abort(), clearTimeout(timer), close()));
  if (input.value.trim() && input === document.activeElement) void ask();
}

function option({ text, note, href }: Suggestion, id: string): HTMLElement {
  const one = document.createElement("li");
  one.id = id;
  one.setAttribute("role", "option");
  one.setAttribute("aria-selected", "false");
  one.dataset["href"] = href;
  const name = document.createElement("span");
  name.textContent = text;
  one.append(name);
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    one.append(small);
  }
  return one;
}

function go(one: HTMLElement): void {
  location.assign(one.dataset["href"]!);
}

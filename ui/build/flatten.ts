// Cascade layers came with Chrome 99; a five-year-old phone would see no style at all. Our layers are
// written in their order and keep specificity low, so without the wrappers the page looks the same.

/** Drops what the compiler adds for screens wider than sRGB: our colours stand inside it, and it would triple the tokens. */
export function plain(css: string): string {
  for (let at: number; (at = css.search(/@supports \(color:(color|lab)\(/)) >= 0; ) {
    css = css.slice(0, at) + css.slice(closing(css, css.indexOf("{", at) + 1) + 1);
  }
  return css;
}

/** Removes `@layer a, b;` statements and unwraps `@layer name { … }` blocks. */
export function flatten(css: string): string {
  const open = /@layer\b[^{;]*([{;])/g;
  let found: RegExpExecArray | null;
  while ((found = open.exec(css))) {
    const after = open.lastIndex;
    if (found[1] === ";") {
      css = css.slice(0, found.index) + css.slice(after);
    } else {
      const end = closing(css, after);
      css = css.slice(0, found.index) + css.slice(after, end) + css.slice(end + 1);
    }
    open.lastIndex = found.index;
  }
  return css;
}

/** Where the block that starts at `from` ends; braces inside strings do not count. */
function closing(css: string, from: number): number {
  let depth = 1;
  let quote = "";
  for (let at = from; at < css.length; at++) {
    const char = css[at]!;
    if (quote) {
      if (char === "\\") at++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at;
  }
  throw new Error("a @layer block is not closed");
}

// The tokens keep their promise: 4.5:1 for text everywhere, 7:1 on sellers' pages, in light and dark.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Tokens = Record<string, string>;
const css = readFileSync("src/css/tokens.css", "utf8");

/** The tokens of the first block after `head`: by day (0) or by night (1). */
function block(head: string, night: 0 | 1): Tokens {
  const at = css.indexOf(head);
  if (at < 0) throw new Error(`no block ${head}`);
  const body = css.slice(at + head.length, css.indexOf("\n}", at));
  const pairs = [...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => {
    const both = /^light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\)$/.exec(value!);
    return [name!, both ? both[night + 1]! : value!];
  });
  return Object.fromEntries(pairs);
}
const ROOT = ":root {\n  color-scheme";
const SELLER = "/* Seven to one, by day and by night. */\nbody.seller {";
const light = block(ROOT, 0);
const dark = block(ROOT, 1);
const sellerLight = { ...light, ...block(SELLER, 0) };
const sellerDark = { ...dark, ...block(SELLER, 1) };

/** Relative luminance of an oklch colour. */
function luminance(value: string): number {
  const [l, c, h] = /oklch\(([\d.]+) ([\d.]+) ?([\d.]+)?/.exec(value)!.slice(1).map(Number) as [number, number, number];
  const a = c * Math.cos((h * Math.PI) / 180 || 0);
  const b = c * Math.sin((h * Math.PI) / 180 || 0);
  const [x, y, z] = [l + 0.3963377774 * a + 0.2158037573 * b, l - 0.1055613458 * a - 0.0638541728 * b, l - 0.0894841775 * a - 1.291485548 * b].map((v) => v ** 3) as [number, number, number];
  const rgb = [4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z, -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z, -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z];
  const [r, g, bl] = rgb.map((v) => Math.min(1, Math.max(0, v))) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
}
function contrast(tokens: Tokens, text: string, ground: string): number {
  const [dim, bright] = [luminance(tokens[text]!), luminance(tokens[ground]!)].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dim + 0.05);
}

const PAIRS: [string, string][] = [
  ["ink", "paper"], ["ink", "paper-deep"], ["ink", "card"], ["ink", "price-card"], ["ink", "lamp-wash"], ["ink", "brine-wash"], ["ink", "cabbage-wash"], ["ink", "brick-wash"],
  ["ink-soft", "paper"], ["ink-soft", "paper-deep"], ["ink-soft", "card"],
  ["on-action", "action"], ["on-action", "action-down"], ["on-live", "live"],
  ["cabbage", "cabbage-wash"], ["cabbage", "paper"], ["brick", "brick-wash"], ["brick", "paper"], ["brick", "card"], ["brine", "paper"], ["brine", "card"], ["brine", "paper-deep"],
];
const LINES: [string, string][] = [["line-strong", "card"], ["line-strong", "paper"], ["persimmon", "price-card"]];

describe.each([
  ["a shopper by day", light, 4.5],
  ["a shopper by night", dark, 4.5],
  ["a seller by day", sellerLight, 7],
  ["a seller by night", sellerDark, 7],
] as [string, Tokens, number][])("%s", (_, tokens, least) => {
  it.each(PAIRS)("reads %s on %s", (text, ground) => {
    expect(contrast(tokens, text, ground)).toBeGreaterThanOrEqual(least);
  });
  it.each(LINES)("sees %s on %s", (line, ground) => {
    expect(contrast(tokens, line, ground)).toBeGreaterThanOrEqual(3);
  });
});

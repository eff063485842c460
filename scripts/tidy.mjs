/**
 * Tidy: what a machine can see of the house rules, as tests. `./run check` and `./run test` run it; it takes well
 * under a second because it only reads text. Each failure names the file, the line and the rule.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import test from "node:test";
import { words } from "./words.mjs";

/** The house, from the street upwards: a crate may use only what stands in its list. */
const MAY_USE = {
  base: [],
  web: ["base"],
  people: ["web", "base"],
  shop: ["people", "web", "base"],
  channel: ["shop", "people", "web", "base"],
  live: ["channel", "shop", "people", "media", "web", "base"],
  insight: ["channel", "live", "shop", "people", "web", "base", "causal", "recommend", "language"],
  learn: ["insight", "channel", "live", "shop", "people", "web", "base"],
  desk: ["learn", "insight", "channel", "live", "shop", "people", "web", "base"],
  server: "everything",
  bench: "everything",
};
/** Libraries know nothing of ours; any other crate may use them only where the list above says so. */
const OPEN_LIBRARIES = ["language", "vision", "writer"];
/** What we answer for. The search index is 48 of them, XLSX ten: decision 011. */
const PACKAGE_BUDGET = 660;

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\0").filter(Boolean);
const cache = new Map();
const read = (path) => {
  if (!cache.has(path)) cache.set(path, readFileSync(path, "utf8"));
  return cache.get(path);
};
const ending = (...ends) => files.filter((path) => ends.some((end) => path.endsWith(end)));
const templates = files.filter((path) => path.includes("/templates/") && path.endsWith(".html"));

/** Every match of a pattern, as "file:line: what". */
function find(paths, pattern, text = read) {
  const found = [];
  for (const path of paths) {
    for (const match of text(path).matchAll(pattern)) {
      const line = text(path).slice(0, match.index).split("\n").length;
      found.push(`${path}:${line}: ${match[0].trim().replace(/\s+/g, " ").slice(0, 100)}`);
    }
  }
  return found;
}

const none = (found, rule) => { if (found.length) assert.fail(`${rule}\n  ${found.join("\n  ")}\n`); };

/** Blanks a part out and keeps its lines, so that line numbers stay true. */
const blank = (part) => part.replace(/[^\n]/g, " ");

/** A template without comments, expressions and statements: what a browser would see of it. The block `body` holds
    classes, not text. */
const bare = (path) => read(path).replace(/\{% block body %\}[\w -]*\{% endblock %\}|\{#[^]*?#\}|\{\{[^]*?\}\}|\{%[^]*?%\}|<!--[^]*?-->/g, blank);

test("a crate uses only what stands beneath it", () => {
  const wrong = [];
  for (const manifest of files.filter((path) => /^(crates|libs)\/[^/]+\/Cargo\.toml$|^bench\/Cargo\.toml$/.test(path))) {
    const name = basename(dirname(manifest));
    const library = manifest.startsWith("libs/");
    const allowed = library ? [] : MAY_USE[name];
    if (!allowed) { wrong.push(`${manifest}: '${name}' is not on the map; give it its place in scripts/tidy.mjs`); continue; }
    if (allowed === "everything") continue;
    const section = read(manifest).match(/^\[dependencies\]$([^]*?)(?=^\[|(?![^]))/m)?.[1] ?? "";
    for (const [, used] of section.matchAll(/^([a-z0-9_-]+)[.\s=]/gm)) {
      const ours = used in MAY_USE || files.includes(`libs/${used}/Cargo.toml`);
      const open = !library && OPEN_LIBRARIES.includes(used);
      if (ours && !allowed.includes(used) && !open) wrong.push(`${manifest}: ${name} must not use ${used}`);
    }
  }
  none(wrong, "the arrows of the house point one way (DESIGN: The house)");
});

test("every word exists in both languages and is used", () => none(words(files, read), "words (STYLE §9)"));

test("templates hold no literal words", () => {
  const text = (path) => bare(path).replace(/<(script|style|code)\b[^]*?<\/\1>|<[^>]*>|&[a-z#0-9]+;/gi, blank);
  const attributes = /\b(alt|title|placeholder|aria-label|label)="[^"]*[\p{L}]{2,}[^"]*"/gu;
  const file = /: [\w-]+\.json$/;
  none([...find(templates, /[\p{L}][\p{L}\p{N}'’ .,!?-]*[\p{L}]/gu, text).filter((line) => !file.test(line)), ...find(templates, attributes, bare),
    ...find(templates, /[\p{Script=Hangul}]+/gu, bare)], "text comes from the words, through ui.t(…)");
});

test("templates hold no inline style, script or handler", () => {
  const inline = /\sstyle\s*=|<style\b|<script\b(?![^>]*\s(?:src=|type="application\/ld\+json"))[^>]*>|\son[a-z]+\s*=\s*["'{]|javascript:/gi;
  none(find(templates, inline, bare), "the CSP allows no inline code or style");
});

test("nothing unfinished is left in the code", () => {
  const rust = /\b(todo|unimplemented|dbg)!\s*\(|#\[ignore\b|#!?\[allow\(/g;
  const script = /\b(test|it|describe)\.(skip|only|todo)\b|^\s*debugger;/gm;
  const note = /\b(FIXME|XXX)\b|\bTODO\b(?!\()/g;
  const mine = (path) => !path.startsWith("scripts/tidy");
  none([...find(ending(".rs"), rust), ...find(ending(".ts", ".mjs").filter(mine), script),
    ...find(ending(".rs", ".ts", ".mjs", ".css", ".html", ".sql").filter(mine), note)], "finish it, or take it out");
});

test("no file names a registry's host or a folder of one machine", () => {
  // Lock files of Cargo name their registry by design; everything else works on any mirror.
  const text = ending(".rs", ".ts", ".mjs", ".js", ".json", ".toml", ".md", ".html", ".css", ".sh", ".sql", ".yml", "run", "services", ".npmrc")
    .filter((path) => path !== "Cargo.lock" && !path.startsWith("scripts/tidy"));
  const host = /registry\.npmjs|\bcrates\.io\b|\bdeb\.debian|\bpypi\.org|static\.rust-lang/g;
  const folder = /(?<![\w./])\/(work|root|home\/\w+)\//g;
  none([...find(text, host), ...find(text, folder)], "a clone must work anywhere");
});

test("migrations are numbered without a gap", () => {
  const names = files.filter((path) => path.startsWith("migrations/")).map((path) => basename(path)).sort();
  const wrong = names.filter((name, index) =>
    !/^\d{4}_[a-z0-9_]+\.sql$/.test(name) || Number(name.slice(0, 4)) !== index + 1);
  none(wrong, "migrations/NNNN_name.sql, from 0001 on");
});

test(`at most ${PACKAGE_BUDGET} packages`, () => {
  const count = read("Cargo.lock").match(/^name = /gm).length;
  assert.ok(count <= PACKAGE_BUDGET, `Cargo.lock has ${count} packages; the budget is ${PACKAGE_BUDGET}`);
});

test("a name in openapi.json stands for one shape", () => {
  // utoipa lets the last of two types of the same name win, silently: `#[schema(as = Name)]` tells them apart.
  const shape = /#\[derive\([^)]*\bToSchema\b[^)]*\)\]\s*((?:#\[[^\]]*\]\s*)*)(?:pub(?:\([a-z]+\))? )?(?:struct|enum) (\w+)/g;
  const known = new Map();
  const twice = [];
  for (const path of ending(".rs")) {
    for (const [, attributes, type] of read(path).matchAll(shape)) {
      const name = attributes.match(/schema\([^\]]*\bas = (\w+)/)?.[1] ?? type;
      if (known.has(name)) twice.push(`${name}: ${known.get(name)} and ${path}`);
      known.set(name, path);
    }
  }
  none(twice, "two shapes, one name");
});

test("Korean particles are chosen, not printed both ways", () => {
  const pairs = /(을\(를\)|를\(을\)|이\(가\)|은\(는\)|와\(과\)|과\(와\)|\(으\)로|\(이\))/g;
  none(find(ending(".ftl", ".html", ".rs", ".ts").filter((path) => !path.includes("/tests/")), pairs), "use JOSA()");
});

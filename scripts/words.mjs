/**
 * The words: every Fluent message exists in Korean and in English with the same variables, every key that code or
 * a template asks for exists, and every message is asked for somewhere. Reads text only.
 */

/** The messages of a Fluent file: id → the variables its value and attributes use. Terms (-name) are not messages. */
export function messages(text) {
  const found = new Map();
  let current;
  for (const line of text.split("\n")) {
    const start = line.match(/^([a-zA-Z][\w-]*)\s*=/);
    if (start) found.set(start[1], (current = { variables: new Set(), text: "" }));
    else if (/^\S/.test(line)) current = undefined;
    if (current) {
      current.text += `${line}\n`;
      for (const [, name] of line.matchAll(/\$([a-zA-Z][\w-]*)/g)) current.variables.add(name);
    }
  }
  return found;
}

/** Keys that must exist, with the place that asks: t("key"), ui.t1("key", …), Problem::conflict("slug"). */
function asked(path, text) {
  const keys = [];
  const line = (index) => `${path}:${text.slice(0, index).split("\n").length}`;
  for (const match of text.matchAll(/\b(?:t|t1|t2)\(\s*"([a-z][a-z0-9-]*)"/g)) keys.push([match[1], line(match.index)]);
  for (const match of text.matchAll(/\bwords::(?:say|find)\([^,()]+,\s*"([a-z][a-z0-9-]*)"/g)) keys.push([match[1], line(match.index)]);
  for (const match of text.matchAll(/\.field\([^,()]+,\s*"([a-z][a-z0-9-]*)"\)/g)) keys.push([`field-${match[1]}`, line(match.index)]);
  for (const match of text.matchAll(/\bProblem::[a-z_]+\(\s*(?:StatusCode::\w+,\s*)?"([a-z][a-z0-9-]*)"/g)) {
    keys.push([`problem-${match[1]}`, line(match.index)], [`problem-${match[1]}-next`, line(match.index)]);
  }
  return keys;
}

/** Everything wrong with the words, one line each. */
export function words(files, read) {
  const wrong = [];
  const known = { ko: new Map(), en: new Map() };
  for (const path of files.filter((file) => /\/i18n\/(ko|en)\.ftl$/.test(file))) {
    const language = path.slice(-6, -4);
    for (const [id, message] of messages(read(path))) {
      if (known[language].has(id)) wrong.push(`${path}: '${id}' is already in ${known[language].get(id).path}`);
      known[language].set(id, { path, ...message });
    }
  }
  for (const [one, other] of [["ko", "en"], ["en", "ko"]]) {
    for (const [id, message] of known[one]) {
      const twin = known[other].get(id);
      if (!twin) { wrong.push(`${message.path}: '${id}' is missing in ${other}`); continue; }
      const lost = [...message.variables].filter((name) => !twin.variables.has(name));
      if (lost.length) wrong.push(`${twin.path}: '${id}' does not use $${lost.join(", $")}`);
    }
  }

  // Tests ask for what is not there on purpose, so they count as use but not as a demand.
  const sources = files.filter((path) => /\.(rs|html|ts|toml)$/.test(path) && !path.includes("node_modules"));
  const literals = new Set(), prefixes = new Set();
  for (const path of sources) {
    const text = read(path);
    for (const [, literal] of text.matchAll(/["'`]([a-z][a-z0-9-]*)["'`]/g)) literals.add(literal);
    // format!("stage-{}", …), concat in a template, `stage-${…}`: every key that begins so is in use.
    for (const [, prefix] of text.matchAll(/["'`]([a-z][a-z0-9]*(?:-[a-z0-9]+)*-)(?:\{|\$\{|["'`])/g)) prefixes.add(prefix);
    if (/\/tests?\//.test(path) || path.endsWith(".ts")) continue;
    // A component's comment shows how it is called; that asks for nothing. Lines stay where they are.
    const code = text.replace(/\{#[^]*?#\}/g, (comment) => comment.replace(/[^\n]/g, " ")).replace(/^\s*\/\/.*$/gm, "");
    for (const [key, place] of asked(path, code)) {
      if (!known.ko.has(key)) wrong.push(`${place}: '${key}' is in no ko.ftl`);
    }
  }
  const within = [...known.ko.values(), ...known.en.values()].map((message) => message.text).join("\n");
  for (const [id, { path }] of known.ko) {
    const slug = id.match(/^problem-(.+?)(-next)?$/)?.[1] ?? id.match(/^field-(.+)$/)?.[1];
    const used = literals.has(id) || (slug && literals.has(slug)) || new RegExp(`\\{\\s*${id}\\s*[.}]`).test(within)
      || [...prefixes].some((prefix) => id.startsWith(prefix) && prefix !== "problem-" && prefix !== "field-");
    if (!used) wrong.push(`${path}: '${id}' is used nowhere`);
  }
  return wrong;
}

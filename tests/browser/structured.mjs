/**
 * Judges what a page tells search engines, with two tools that others keep:
 * Adobe's structured-data-validator knows what Google asks for of each kind of thing (and takes the markup out of the HTML
 * as a crawler does); Google's schema-dts has the whole vocabulary of schema.org as types, so that the compiler finds names,
 * nestings and values that schema.org does not have.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import Validator from "@adobe/structured-data-validator";
import WebAutoExtractor from "@marbec/web-auto-extractor";

const run = promisify(execFile);
const packages = join(import.meta.dirname, "node_modules");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** The things of a page, as they stand in its scripts. */
export function things(html) {
  const scripts = [...html.matchAll(/<script type="application\/ld\+json">([^]*?)<\/script>/g)];
  return scripts.flatMap(([, text]) => JSON.parse(text));
}

/** What Google would mind: `ERROR` loses the rich result, `WARNING` names something that would make it richer. */
export async function minded(html) {
  const found = new WebAutoExtractor({ addLocation: true, embedSource: ["rdfa", "microdata"] }).parse(html);
  const issues = await new Validator().validate(found);
  const say = ({ severity, issueMessage, path }) => ({ severity, said: `${path.map(({ type }) => type).join(" › ")}: ${issueMessage}` });
  return issues.map(say);
}

/** What is not in the vocabulary of schema.org: the compiler's words, nothing when all of it is. */
export async function unknown(all) {
  const folder = mkdtempSync(join(tmpdir(), "dangol-schema-"));
  try {
    symlinkSync(packages, join(folder, "node_modules"));
    const file = join(folder, "things.ts");
    const lines = all.map((thing) => `  ${JSON.stringify(thing)},`).join("\n");
    writeFileSync(file, `import type { Thing, WithContext } from "schema-dts";\nexport const things: WithContext<Thing>[] = [\n${lines}\n];\n`);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", "--types", ""];
    await run(process.execPath, [tsc, ...options, file]);
    return "";
  } catch (error) {
    if (!error.stdout) throw error;
    return error.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

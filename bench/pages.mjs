/**
 * `./run bench pages`: Lighthouse 12 on a mobile phone with its usual throttling, on the four pages a shopper meets.
 * The four scores of each page stand beside the promise of 95; of what search engines read it is 100, and less of that on a
 * stall's, a product's or a show's page ends the run as failed. `--only seo` looks at nothing else, which any build can.
 */
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULTS, startMarket } from "../tests/browser/market.mjs";
import { shopPages } from "../tests/browser/places.mjs";
import { figure, say } from "./figures.mjs";

const PROMISE = 95;
/** Pages that are found: everything that search engines read has to be right. */
const FOUND = ["store", "product", "live"];
const only = process.argv.indexOf("--only");
const SCORES = only < 0 ? ["performance", "accessibility", "best-practices", "seo"] : [process.argv[only + 1]];

const market = await startMarket("bench-pages");
const chrome = await launch({
  chromePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromeFlags: ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});
try {
  for (const [name, path] of Object.entries(await shopPages(market))) {
    say(`${name}: ${path}`);
    const { lhr, report } = await lighthouse(market.base + path, {
      port: chrome.port, output: "html", logLevel: "error", onlyCategories: SCORES,
    });
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, `lighthouse-${name}.html`), report);
    if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
    for (const score of SCORES) {
      const points = Math.round(lhr.categories[score].score * 100);
      const promise = score === "seo" && FOUND.includes(name) ? 100 : PROMISE;
      figure(`pages.${name}.${score}`, points, "points", promise, "promise");
      if (score === "seo" && points < promise) process.exitCode = 1;
    }
    for (const { id, title } of failed(lhr)) say(`  ${name}: ${id}: ${title}`);
  }
} finally {
  await chrome.kill();
  await market.stop();
}

/** What cost points, so that a number below the promise says where to look. */
function failed(lhr) {
  const weighty = new Set(SCORES.flatMap((score) =>
    lhr.categories[score].auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => id)));
  return Object.values(lhr.audits).filter(({ id, score }) => weighty.has(id) && score !== null && score < 0.9);
}

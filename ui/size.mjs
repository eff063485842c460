// Prints what each kind of page downloads of our own code (brotli, as served) and fails over budget.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET = 20 * 1024;
/** Pages of sellers, with the sellers' own stylesheet. */
const SELLERS = ["product edit", "studio", "seller home", "diagnosis", "reviews to answer", "till", "hand over"];
/** Pages with reviews, questions or opening hours. */
const TRUST = ["product", "store", "review", "reviews to answer"];
/** Pages at the counter. */
const COUNTER = ["till", "hand over", "paid"];
/** Pages that tell of a product or a stall at length, and the desks they are laid out on. */
const DETAIL = ["product", "store", "detail desk"];
/** Islands a page can carry beside the main script and the stylesheet; the worst real combinations. */
const PAGES = {
  "every page": [],
  "home": ["search-box"],
  "search": ["search-box"],
  "store": ["search-box"],
  "product": ["buy-sheet", "share-button", "turn-view"],
  "detail desk": ["turn-view"],
  "review": ["photo-picker"],
  "reviews to answer": [],
  "product edit": ["photo-picker"],
  "live": ["live-player", "live-room", "buy-sheet", "share-button"],
  "studio": ["go-live", "live-room", "order-bell"],
  "seller home": ["order-bell"],
  "diagnosis": ["live-player", "show-chart"],
  "till": ["till-board"],
  "hand over": ["code-reader"],
  "paid": ["paid-proof"],
};

const dist = new URL("./dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist)));
const squeezed = new Map();
function size(file) {
  if (!squeezed.has(file)) {
    const bytes = readFileSync(new URL(file, dist));
    squeezed.set(file, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length);
  }
  return squeezed.get(file);
}
/** Every file that an entry pulls in at once; hls.js comes by a later import and is not ours. */
function closure(key, files = new Set()) {
  const entry = manifest[key];
  if (!entry) throw new Error(`${key} is not in the manifest`);
  if (!files.has(entry.file)) {
    files.add(entry.file);
    for (const next of entry.imports ?? []) closure(next, files);
  }
  return files;
}

let over = 0;
for (const [page, islands] of Object.entries(PAGES)) {
  const files = new Set();
  const styles = ["main.css", ...(SELLERS.includes(page) ? ["studio.css"] : []), ...(TRUST.includes(page) ? ["trust.css"] : []), ...(COUNTER.includes(page) ? ["counter.css"] : []), ...(DETAIL.includes(page) ? ["detail.css"] : []), ...(page === "diagnosis" ? ["office.css"] : []), ...(islands.includes("search-box") ? ["search.css"] : [])];
  for (const key of [...styles, "main.ts", ...islands.map((name) => `islands/${name}.ts`)]) closure(key, files);
  const total = [...files].reduce((sum, file) => sum + size(file), 0);
  if (total > BUDGET) over++;
  console.log(`${total > BUDGET ? "OVER" : "  ok"} ${page.padEnd(17)} ${(total / 1024).toFixed(1).padStart(5)} of ${BUDGET / 1024} KB brotli`);
}
for (const [file, bytes] of [...squeezed].sort((a, b) => b[1] - a[1])) console.log(`     ${file.padEnd(32)} ${bytes} B`);
process.exit(over ? 1 : 0);

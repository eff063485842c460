// Serves the gallery under the product's own CSP, takes a picture of each page (phone, desk, light, dark, 320 px, 200 %)
// into ../test-results/look, and asks axe. Usage: npm run look [-- name …]. Fails when axe or the CSP finds something,
// or when a page is wider than its window.
import { createServer } from "node:http";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const here = new URL(".", import.meta.url).pathname;
const dist = join(here, "../dist");
const out = join(here, "../../test-results/look");
mkdirSync(out, { recursive: true });
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json")));
const asset = (name) => `/${manifest[name].file}`;
const CSP =
  "default-src 'self'; media-src 'self' blob:; connect-src 'self' wss: ws:; img-src 'self' data: blob:; worker-src 'self' blob:";
const KINDS = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png" };

function page(name) {
  const body = readFileSync(join(here, `${name}.html`), "utf8");
  const kind = /<!-- class: (.*?) -->/.exec(body)?.[1] ?? "";
  return readFileSync(join(here, "frame.html"), "utf8")
    .replace("[[main]]", body)
    .replace("[[class]]", kind)
    .replace("[[title]]", name)
    .replace(kind === "bare" ? /<(header|footer|nav) class="[a-z-]* bar"[\s\S]*?<\/\1>/g : /$^/, "")
    .replace(/\[\[asset (.*?)\]\]/g, (_, file) => asset(file))
    .replace(/\[\[icon (.*?)\]\]/g, (_, icon) => `<svg class="icon" aria-hidden="true"><use href="${asset("icons.svg")}#${icon}"/></svg>`);
}

const server = createServer((request, response) => {
  try {
    const path = new URL(request.url, "http://x").pathname;
    const name = path.slice(1);
    if (path.startsWith("/media/")) {
      // A broadcast whose seller is away, and a fast line.
      response.writeHead(200, { "content-type": "application/json" }).end('{"state":"waiting"}');
      return;
    }
    let bytes;
    if (path.startsWith("/assets/")) bytes = readFileSync(join(dist, existsSync(join(dist, path)) ? path : path.slice(8)));
    else if (path.startsWith("/gallery/")) bytes = readFileSync(join(here, path.slice(9)));
    else bytes = page(name);
    response.writeHead(200, { "content-type": KINDS[extname(path)] ?? "text/html; charset=utf-8", "content-security-policy": CSP });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, "127.0.0.1");
await new Promise((up) => server.once("listening", up));
const base = `http://127.0.0.1:${server.address().port}`;

const wanted = process.argv.slice(2);
const names = wanted.length ? wanted : readdirSync(here).filter((f) => f.endsWith(".html") && f !== "frame.html").map((f) => f.slice(0, -5));
const VIEWS = [
  ["phone", 360, 800, "light", 2],
  ["phone-dark", 360, 800, "dark", 2],
  ["desk", 1280, 800, "light", 1],
  ["desk-dark", 1280, 800, "dark", 1],
  ["narrow", 320, 568, "light", 1],
  ["zoomed", 640, 400, "light", 2],
];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] });
const axe = readFileSync(join(here, "../node_modules/axe-core/axe.min.js"), "utf8");
let bad = 0;
for (const name of names) {
  for (const [view, width, height, colorScheme, deviceScaleFactor] of VIEWS) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor, bypassCSP: false, reducedMotion: "reduce" });
    const tab = await context.newPage();
    tab.on("console", (line) => {
      if (line.type() === "error" && !/404/.test(line.text())) {
        bad++;
        console.log(`${name} ${view}: ${line.text()}`);
      }
    });
    await tab.goto(`${base}/${name}`, { waitUntil: "load" });
    await tab.waitForTimeout(700);
    await tab.screenshot({ path: join(out, `${name}-${view}.png`), fullPage: !["live"].includes(name) });
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) {
      bad++;
      console.log(`${name} ${view}: ${wide} px too wide`);
    }
    await tab.evaluate(axe + ";0");
    const found = await tab.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    for (const problem of found.violations) {
      bad++;
      console.log(`${name} ${view}: ${problem.id}: ${problem.nodes.slice(0, 4).map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join(" | ")}`);
    }
    await context.close();
  }
}
await browser.close();
server.close();
console.log(bad ? `${bad} findings` : "nothing found");
process.exit(bad ? 1 : 0);

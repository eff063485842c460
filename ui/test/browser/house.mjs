// What the browser tests share: a server with the product's CSP and built assets, and one Chromium.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const dist = join(import.meta.dirname, "../../dist");
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json")));
const KINDS = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; media-src 'self' blob:; connect-src 'self' wss: ws:; img-src 'self' data: blob:; worker-src 'self' blob:";

/** Starts a server; `answer(path, request, response)` gives an HTML body, or answers itself and gives nothing. */
export async function serve(answer) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (path.startsWith("/assets/")) return response.writeHead(200, { "content-type": KINDS[extname(path)] }).end(readFileSync(join(dist, path)));
    const body = await answer(path, request, response);
    if (body === undefined) return;
    head(response);
    response.end(body);
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  return { server, base: `http://127.0.0.1:${server.address().port}` };
}

/** The beginning of a page, up to its body; `more` stands in its head. */
export function head(response, more = "") {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": CSP });
  response.write(`<!doctype html><html lang="ko"><title>test</title><link rel="stylesheet" href="${asset("main.css")}"><script type="module" src="${asset("main.ts")}"></script>${more}<body data-offline="offline" data-failed="failed">`);
}

/** The built name of a source, as the server finds it. */
export const asset = (source) => `/${manifest[source].file}`;

/**
 * Asks again and again until the answer pleases, and answers it. Generous, because two cores may be busy with
 * everything else: what is promised is that it comes, and the bench measures when.
 */
export async function eventually(ask, pleases, why, seconds = 40) {
  for (let last, end = Date.now() + seconds * 1000; ; ) {
    last = await ask();
    if (pleases(last)) return last;
    if (Date.now() > end) assert.fail(`${why}: ${JSON.stringify(last)}`);
    await new Promise((later) => setTimeout(later, 100));
  }
}

/** The body of a request as text. */
export async function body(request) {
  let all = "";
  for await (const piece of request) all += piece;
  return all;
}

export function launch(...more) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", ...more],
  });
}

/** A phone; any script error or CSP violation fails the test. */
export async function phone(browser, url, until = "load") {
  const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
  page.setDefaultTimeout(40_000);
  page.on("pageerror", (error) => assert.fail(String(error)));
  page.on("console", (line) => line.type() === "error" && /Content Security/.test(line.text()) && assert.fail(line.text()));
  await page.goto(url, { waitUntil: until });
  return page;
}

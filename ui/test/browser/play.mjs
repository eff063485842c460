// The player in real Chromium, against a pretend origin (origin.mjs): a first picture that waits for nothing, a calm
// line, a jittery one, a seller who vanishes and comes back turned sideways, a replay, and an origin that only fails.
// What is asserted is behaviour and order; how fast it is, `./run bench live` measures.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { asset, eventually, head, launch, phone, serve } from "./house.mjs";
import { broadcast, clip } from "./origin.mjs";

const on = new Map();
/** Lets the rest of a page that is held back go, by show. */
const rest = new Map();
let server, base, browser, tall, wide;

before(async () => {
  tall = clip(360, 640, 30);
  wide = clip(640, 360, 30);
  ({ server, base } = await serve(async (path, _, response) => {
    const [, show, what] = /^\/media\/(\w+)\/(.+)$/.exec(path) ?? [];
    if (show === "never") return;
    if (show === "down") return void response.writeHead(503).end();
    if (show) return void on.get(show).answer(response, what);
    const [, page, mode] = path.split("/");
    if (mode === "beside") {
      const join = page === "never" ? never : on.get(page).join();
      return `${player(page, "live", JSON.stringify(join)).replace("<live-player", "<live-player data-first")}<share-button></share-button>`;
    }
    if (mode !== "slow") return player(page, mode, "");
    // As the watch page is written: the player's own script, the join, and what it will ask for first.
    const join = on.get(page).join();
    head(response, `<script type="module" async src="${asset("islands/live-player.ts")}"></script><link rel="preload" as="fetch" crossorigin href="/media/${page}/h${join.next}.mp4">`);
    response.write(`<main>${player(page, "live", JSON.stringify(join))}\n`);
    await new Promise((go) => rest.set(page, go));
    response.end("<p id=rest>the rest</p></main>");
  }));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
});

/** A show whose media never comes. */
const never = { codecs: "avc1.42c01e,mp4a.40.2", init: 1, first: 0, next: 1, part_ms: 200, segment_ms: 2000, epoch_ms: 0, width: 360, height: 640, state: "live" };
const player = (show, mode, join) => `<live-player data-base="/media/${show}" data-mode="${mode}" data-hls="${asset("lib/hls.ts")}" data-join='${join}' data-waiting="waiting" data-ended="ended" data-slow="slow" data-failed="failed"><video playsinline muted controls preload="none"><source src="/nowhere.m3u8" type="application/vnd.apple.mpegurl"></video><button class="sound" hidden>sound</button><p class="state" role="status" hidden></p></live-player>`;
const open = (show, mode = "live") => phone(browser, `${base}/${show}/${mode}`, mode === "slow" ? "commit" : "load");
const stats = (page) => page.evaluate(() => ({ ...document.querySelector("live-player")?.stats, words: document.querySelector(".state")?.textContent }));
const until = (page, pleases, why) => eventually(() => stats(page), pleases, why);
/** A show that has been on air for a while. */
async function begun(show, ...takes) {
  on.set(show, broadcast(...takes));
  await eventually(() => on.get(show).join().next, (next) => next >= 7, "parts of the pretend origin");
}

test("the first picture waits neither for the rest of the page nor for a question", async () => {
  await begun("early", [{ clip: tall }]);
  const page = await open("early", "slow");
  await until(page, (s) => s.first_frame_ms > 0 && s.parts > 1, "no picture before the page is whole");
  assert.equal(await page.locator("#rest").count(), 0, "the page is still coming");
  const { asked } = on.get("early");
  assert.match(asked[0], /^h\d+\.mp4$/);
  assert.equal(asked[1], `n${asked[0].slice(1, -4)}.m4s`, asked.join());
  assert.equal(asked.filter((file) => file.startsWith("h")).length, 1, "what was preloaded is not fetched again");
  assert.ok(!asked.includes("join"), asked.join());
  rest.get("early")();
  await page.locator("#rest").waitFor();
  const { joins, mode } = await stats(page);
  assert.deepEqual([joins, mode], [1, "chain"], "the whole page changes nothing");
  await page.close();
});

test("what stands beside the picture comes after it, but does not wait for ever", async () => {
  await begun("beside", [{ clip: tall }]);
  /** How it was when the island beside the player came. */
  const when = (page) => page.evaluate(async () => {
    await customElements.whenDefined("share-button");
    return { picture: document.querySelector("live-player").stats?.first_frame_ms ?? null, ms: performance.now() };
  });
  const page = await open("beside", "beside");
  const came = await when(page);
  assert.ok(came.picture !== null || came.ms > 1_000, `the island came before the picture, at ${came.ms} ms`);
  await until(page, (s) => s.first_frame_ms > 0, "no picture");
  assert.equal(await page.locator("[data-first]").count(), 0, "islands that come later need not wait");
  await page.close();
  const blank = await open("never", "beside");
  assert.equal((await when(blank)).picture, null);
  await blank.close();
});

test("on a calm line it rides the chain, close behind, with one button for sound", async () => {
  await begun("calm", [{ clip: { ...tall, parts: tall.parts.slice(0, 90) } }]);
  const page = await open("calm");
  await until(page, (s) => s.first_frame_ms !== null, "no first frame");
  const close = await until(page, (s) => s.latency_ms !== null && s.latency_ms < 700, "it does not come close");
  assert.deepEqual([close.mode, close.joins], ["chain", 1]);
  const { asked } = on.get("calm");
  assert.deepEqual(asked.slice(0, 2).map((file) => file.replace(/\d+/, "")), ["join", "h.mp4"]);
  const parts = asked.filter((file) => file.startsWith("n"));
  const from = Number(parts[0].slice(1, -4));
  assert.deepEqual(parts, parts.map((_, n) => `n${from + n}.m4s`), "every part once, in order");
  const ticks = await page.evaluate(() => new Promise((done) => {
    const seen = [];
    document.addEventListener("media-clock", ({ detail }) => seen.push(detail.at_ms) === 5 && done(seen));
  }));
  assert.deepEqual(ticks, [...ticks].sort((a, b) => a - b), "the media clock goes forward");
  assert.ok(await page.locator(".sound").isVisible());
  await page.locator(".sound").click();
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), false);
  await page.locator(".sound").waitFor({ state: "hidden" });
  await until(page, (s) => s.words === "ended", "the end is not said");
  await page.close();
});

test("on a jittery line it buys itself more buffer, within bounds, and plays on", async () => {
  let seed = 11;
  const late = Array.from({ length: 200 }, () => ((seed = (seed * 48271) % 2147483647) % 300));
  await begun("jitter", [{ clip: tall }], (n) => late[n]);
  const page = await open("jitter");
  const now = await until(page, (s) => s.parts > 25 && s.target > 0.25, "no more buffer");
  assert.ok(now.target <= 0.6, `target ${now.target}`);
  assert.deepEqual([now.mode, now.joins], ["chain", 1]);
  const at = await page.evaluate(() => document.querySelector("video").currentTime);
  await page.waitForFunction((then) => document.querySelector("video").currentTime > then + 2, at);
  await page.close();
});

test("a seller who vanishes and comes back sideways is waited for and shown again", async () => {
  await begun("back", [{ clip: { ...tall, parts: tall.parts.slice(0, 30) } }, { clip: wide, pause_ms: 9_000 }]);
  const page = await open("back");
  await until(page, (s) => s.mode === "chain" && s.state === "live" && s.first_frame_ms !== null, "does not play");
  await until(page, (s) => s.words === "waiting", "waiting is not said");
  await until(page, (s) => s.state === "live" && s.words === "", "does not come back");
  await page.waitForFunction(() => document.querySelector("live-player").dataset.shape === "wide");
  const now = await until(page, (s) => s.latency_ms < 1_500, "does not come close again");
  assert.ok(now.jumps >= 1 && now.joins >= 2, JSON.stringify(now));
  await page.close();
});

test("a replay plays by hls.js and tells the time of its frames", async () => {
  const show = broadcast([{ clip: { ...tall, parts: tall.parts.slice(0, 40) } }]);
  on.set("replay", show);
  const page = await open("replay", "replay");
  await until(page, (s) => s.mode === "hls" && s.latency_ms !== null && s.first_frame_ms !== null, "does not play");
  const seek = (seconds) => page.evaluate(async (to) => {
    const video = document.querySelector("video");
    video.pause();
    const done = new Promise((there) => video.addEventListener("seeked", there, { once: true }));
    video.currentTime = to;
    await done;
    return document.querySelector("live-player").atMs;
  }, seconds);
  for (const seconds of [5, 1]) {
    const at = (await seek(seconds)) - show.epoch_ms;
    assert.ok(Math.abs(at - seconds * 1000) < 100, `${seconds} s in, the clock says ${at} ms`);
  }
  await page.close();
});

test("an origin that only fails is given up for hls.js, and the page says so", async () => {
  const page = await open("down");
  await until(page, (s) => s.mode === "hls", "no fallback");
  await until(page, (s) => s.words === "failed", "failure is not said");
  await page.close();
});

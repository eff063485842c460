/**
 * The main job: a stallholder goes live from a phone's camera, a shopper at 360×800 watches, chats, sees the pin and
 * buys, the stallholder hears of it, and the replay shows it all again. In the middle the phone is turned.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test, { after, before } from "node:test";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { ROOT, startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { newShow, order, pay, productIn, seller, signIn } from "../steps.mjs";

const run = promisify(execFile);
const HLS = readFileSync(`${ROOT}/ui/node_modules/hls.js/dist/hls.min.js`, "utf8");
let market, chrome, stall, shopper, show;

before(async () => {
  market = await startMarket("going-live");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  shopper = await person(chrome, market, { screen: PHONE });
  await signIn(shopper);
  // A returning buyer: the address and the card are known from the first purchase.
  // Each stall has its own contract for payments, so the card is kept stall by stall.
  await stall.page.goto(`/sell/${stall.store}`);
  await shopper.page.goto(await stall.page.locator('main a[href^="/stores/"]').first().getAttribute("href"));
  await productIn(shopper.page).click();
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "approve", { keep: true });
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** Looks, and keeps what is wrong for the end: a broken label must not hide whether the sale works. */
const wrong = [];
const see = (who, name, options) => who.look(name, options).catch((error) => wrong.push(error.message));

/** Seconds that a video moves on within a while; fails when it stands. */
async function plays(page, seconds = 2) {
  const video = page.locator("live-player video");
  await page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0, null, { timeout: 20_000 });
  const before = await video.evaluate((node) => node.currentTime);
  await page.waitForFunction(([start, more]) => document.querySelector("live-player video").currentTime > start + more,
    [before, seconds], { timeout: (seconds + 10) * 1000 });
}

const size = (page) => page.locator("live-player video").evaluate((node) => [node.videoWidth, node.videoHeight]);

test("the stallholder is on air after at most four taps", async () => {
  show = await newShow(stall);
  const { page } = stall;
  await page.waitForFunction(() => document.querySelector("go-live video")?.videoWidth > 0);
  await page.locator('go-live[data-state="ready"]').waitFor();
  await see(stall, "studio-preflight");
  await page.locator('[data-act="start"]').click();
  show.taps += 1;
  await page.waitForFunction(async (url) => (await (await fetch(url)).json()).state === "live", `/media/${show.id}/join`);
  assert.ok(show.taps <= 4, `${show.taps} taps from signed in to on air`);
  await see(stall, "studio-on-air", { whole: false });
});

test("the shopper sees the picture move", async () => {
  await shopper.page.goto(`/live/${show.id}`);
  await plays(shopper.page);
  await see(shopper, "watch", { whole: false });
});

test("what the shopper writes appears on both sides", async () => {
  const line = "고등어 두 손 주세요";
  await shopper.page.locator('live-room form [name="text"]').fill(line);
  await shopper.page.locator('live-room form [name="text"]').press("Enter");
  for (const { page } of [shopper, stall]) await page.locator(".chat li", { hasText: line }).first().waitFor();
  await see(stall, "studio-chat", { whole: false });
});

test("the pin appears with its frame", async () => {
  const button = stall.page.locator('form[action$="/pin"] button:visible').first();
  await button.scrollIntoViewIfNeeded();
  await button.click();
  const pin = shopper.page.locator("live-room .pinned .price");
  await pin.first().waitFor();
  await see(shopper, "watch-pin", { whole: false });
});

test("a returning buyer needs at most three taps, and the picture does not stop", async () => {
  const { page } = shopper;
  let taps = 0;
  const tap = async (thing) => { await thing.click(); taps += 1; };
  await tap(page.locator(".pinned [data-buy]"));
  await page.locator("buy-sheet dialog[open] form").waitFor();
  await see(shopper, "watch-sheet", { whole: false });
  await tap(page.locator("buy-sheet button[name=now]"));
  await page.locator('buy-sheet a[href^="/orders/"]').waitFor();
  assert.ok(taps <= 3, `${taps} taps to buy again`);
  await plays(page, 1);
  await see(shopper, "watch-bought", { whole: false });
  await page.locator("buy-sheet .sheet-body [data-close]").click();
});

test("the stallholder sees the order at once", async () => {
  await stall.page.locator("order-bell [data-order]").first().waitFor();
  await see(stall, "studio-order", { whole: false });
});

test("the phone is turned, and the picture goes on upright", async () => {
  const before = await size(shopper.page);
  await stall.page.locator("go-live video").evaluate(async (video) => {
    const [track] = video.srcObject.getVideoTracks();
    const { width, height } = track.getSettings();
    await track.applyConstraints({ width: { exact: height }, height: { exact: width } });
  });
  await shopper.page.waitForFunction(([wide, high]) => {
    const video = document.querySelector("live-player video");
    return (video.videoWidth > video.videoHeight) !== (wide > high);
  }, before, { timeout: 20_000 });
  await plays(shopper.page);
  await see(shopper, "watch-turned", { whole: false });
});

/** Plays a playlist by plain hls.js, as somebody else's page would, for `seconds` or to its end; what it complained of. */
async function byHls(url, seconds) {
  const other = await person(chrome, market);
  await other.page.addInitScript(HLS);
  await other.page.goto("/health/live");
  const wrong = await other.page.evaluate(([url, seconds]) => new Promise((done) => {
    const wrong = [];
    const video = document.body.appendChild(document.createElement("video"));
    const hls = new globalThis.Hls({ lowLatencyMode: true });
    let from;
    video.muted = true;
    // Waiting a moment for the edge, and going from nowhere to where the show is, are hls.js finding its place, not a
    // fault of the playlist. A hole once it plays is one.
    const finds = ({ details, reason }) => details === "bufferStalledError" || (details === "bufferSeekOverHole" && from === undefined && reason?.includes("seeking from 0 "));
    hls.on("hlsError", (_, problem) => finds(problem) || wrong.push(`${problem.details} ${problem.reason ?? problem.error?.message ?? ""} ${problem.frag?.relurl ?? ""}`));
    video.addEventListener("timeupdate", () => video.currentTime > (from ??= video.currentTime) + seconds && done(wrong));
    video.addEventListener("ended", () => done(wrong));
    setTimeout(() => done([...wrong, `stands at ${video.currentTime} s`]), 30_000);
    hls.loadSource(url);
    hls.attachMedia(video);
    void video.play();
  }), [url, seconds]);
  await other.leave();
  return [...wrong, ...other.complaints];
}

test("hls.js plays the live playlist without an error", async () => {
  assert.deepEqual(await byHls(`/media/${show.id}/multi.m3u8`, 4), []);
});

test("ffprobe reads the live playlist without an error", async () => {
  const { stdout, stderr } = await run("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0",
    `${market.base}/media/${show.id}/live.m3u8`]);
  assert.deepEqual([...new Set(stdout.match(/\w+/g))].sort(), ["aac", "h264"]);
  assert.equal(stderr, "");
});

test("the end, and the replay with its chat and its pins", async () => {
  const { page } = stall;
  // The first tap arms the button, so that a slipping thumb ends nothing.
  await page.locator('[data-act="end"]').click();
  await page.locator('[data-act="end"]').click();
  await page.waitForFunction(async (url) => (await (await fetch(url)).json()).state === "ended", `/media/${show.id}/join`);
  await page.waitForLoadState();
  await see(stall, "studio-ended");

  await shopper.page.goto(`/live/${show.id}`);
  await shopper.page.locator("live-player video").evaluate((video) => { video.muted = true; return video.play(); });
  await plays(shopper.page);
  await shopper.page.locator(".chat li", { hasText: "고등어 두 손 주세요" }).first().waitFor({ timeout: 60_000 });
  await shopper.page.locator(".pinned .price").first().waitFor({ timeout: 60_000 });
  await see(shopper, "replay", { whole: false });
});

test("hls.js plays the whole recording without an error, the turn included", async () => {
  assert.deepEqual(await byHls(`/media/${show.id}/vod.m3u8`, 20), []);
});

test("ffmpeg decodes the whole recording, the turn included", async () => {
  // Frames keep their own times: a phone's camera has no even rate, and rounding to one would invent errors.
  const { stderr } = await run("ffmpeg", ["-v", "error", "-i", `${market.base}/media/${show.id}/vod.m3u8`,
    "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"],
    { timeout: 120_000 });
  assert.equal(stderr, "");
});

test("every screen on the way is sound", () => assert.deepEqual(wrong, []));

/** The server dies in the middle of a show (kill -9) and comes back: the show goes on by itself, and the replay has both halves. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { newShow, seller } from "../steps.mjs";

let market, chrome, stall, shopper, show;

before(async () => {
  market = await startMarket("surviving-a-crash");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  shopper = await person(chrome, market, { screen: PHONE });
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const plays = (more) => shopper.page.evaluate(() => document.querySelector("live-player video").currentTime).then((at) =>
  shopper.page.waitForFunction(([at, more]) => document.querySelector("live-player video").currentTime > at + more, [at, more]));
const seconds = async () => {
  const list = await (await fetch(`${market.base}/media/${show.id}/vod.m3u8`)).text();
  return { all: [...list.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, length]) => sum + Number(length), 0), list };
};

test("a show is on air, and somebody watches", async () => {
  show = await newShow(stall);
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await shopper.page.goto(`/live/${show.id}`);
  await shopper.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
  await plays(8);
});

test("the server is killed and started again, and nobody has to do anything", async () => {
  for (const one of [stall, shopper]) one.expect(/./);
  await market.kill();
  await market.restart();
  await stall.page.waitForFunction(
    async (url) => (await fetch(url).then((answer) => answer.json()).catch(() => ({}))).state === "live", `/media/${show.id}/join`,
    { timeout: 60_000 },
  );
  await stall.page.locator('go-live[data-state="air"]').waitFor({ timeout: 60_000 });
  await shopper.page.waitForFunction(() => document.querySelector("live-player").stats.state === "live", null, { timeout: 60_000 });
  await plays(8);
});

test("the replay has both halves", async () => {
  const ended = await stall.page.request.post(`/live/${show.id}/ending`, { headers: { accept: "application/json", "sec-fetch-site": "same-origin" } });
  assert.ok(ended.ok(), await ended.text());
  await shopper.page.waitForTimeout(2_000);
  const { all, list } = await seconds();
  assert.match(list, /#EXT-X-ENDLIST/);
  assert.match(list, /#EXT-X-DISCONTINUITY/);
  assert.ok(all >= 14, `${all} s of at least sixteen that were watched`);
  await shopper.page.goto(`/live/${show.id}`);
  await shopper.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0.5);
  await shopper.page.evaluate(() => {
    const { video } = { video: document.querySelector("live-player video") };
    video.currentTime = video.duration - 4;
  });
  await shopper.page.waitForFunction(() => {
    const video = document.querySelector("live-player video");
    return !video.seeking && video.currentTime > video.duration - 3;
  });
});

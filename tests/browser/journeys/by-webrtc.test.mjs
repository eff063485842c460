/** The quickest tier: the first viewer of a show gets its picture by WebRTC, the next by the chain, and both see the same. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { newShow, seller } from "../steps.mjs";

let market, chrome, stall, first, second, show;

before(async () => {
  market = await startMarket("by-webrtc", { more: ["--whep", "1"] });
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  first = await person(chrome, market, { screen: PHONE });
  second = await person(chrome, market, { screen: PHONE });
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const mode = ({ page }) => page.evaluate(() => document.querySelector("live-player").stats.mode);
const plays = async ({ page }, seconds = 1) => {
  const at = await page.evaluate(() => document.querySelector("live-player video").currentTime);
  await page.waitForFunction(([at, more]) => document.querySelector("live-player video").currentTime > at + more, [at, seconds]);
};

test("one seat is by WebRTC, and everybody else's is as good as before", async () => {
  show = await newShow(stall);
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await stall.page.waitForFunction(async (url) => (await (await fetch(url)).json()).state === "live", `/media/${show.id}/join`);
  await first.page.goto(`/live/${show.id}`);
  await first.page.waitForFunction(() => document.querySelector("live-player").stats.mode === "whep");
  await plays(first);
  await second.page.goto(`/live/${show.id}`);
  await plays(second);
  assert.equal(await mode(second), "chain");
  await first.look("by-webrtc", { whole: false });
});

test("what is pinned comes with its picture in both", async () => {
  await stall.page.locator("[data-pin]").first().click();
  await Promise.all([first, second].map(({ page }) => page.locator(".pinned [data-buy]").first().waitFor()));
  const late = await first.page.evaluate(() => Date.now() - document.querySelector("live-player").atMs);
  assert.ok(late > -300 && late < 600, `${late} ms behind`);
});

test("when the picture breaks off, the first goes on by the chain", async () => {
  // The seller's page is opened anew: another publisher, and the viewers of the old one are let go.
  await stall.page.reload();
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await first.page.waitForFunction(() => document.querySelector("live-player").stats.mode === "chain");
  await plays(first, 2);
  await plays(second, 2);
});

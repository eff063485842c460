/** After a show: its replay, what came of it by the minute, a clip on the product's page, and the film to keep. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { RESULTS, startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { mainButton, newShow, press, seller, signIn } from "../steps.mjs";

const run = promisify(execFile);
let market, chrome, stall, shopper, show;

before(async () => {
  market = await startMarket("after-the-show");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  shopper = await person(chrome, market, { screen: PHONE });
  await signIn(shopper);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const at = (what = "") => `/sell/${stall.store}/live/${show.id}${what}`;

test("a product is shown for a while, and people talk and cheer", async () => {
  show = await newShow(stall);
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await shopper.page.goto(`/live/${show.id}`);
  await shopper.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
  await stall.page.locator("[data-pin]").first().click();
  await shopper.page.locator(".pinned [data-buy]").first().waitFor();
  for (const text of ["색이 참 곱네요", "이거 택배 되나요?"]) {
    await shopper.page.locator('form.talk [name="text"]').fill(text);
    await shopper.page.locator('form.talk [name="text"]').press("Enter");
    await stall.page.locator(".chat li", { hasText: text }).waitFor();
  }
  await shopper.page.waitForTimeout(14_000);
  const end = stall.page.locator('[data-act="end"]');
  await end.click();
  await end.click();
  await stall.page.locator('a[href$="/diagnosis"]').waitFor();
  await stall.page.waitForTimeout(3_000);
  await stall.page.reload();
  await stall.look("show-over");
});

test("the seller looks back, and a tap on the chart leads to its moment", async () => {
  await press(stall.page, stall.page.locator('a[href$="/diagnosis"]'));
  await stall.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
  await stall.look("show-diagnosis");
});

test("what was shown becomes a clip on the product's page with one tap", async () => {
  const { page } = stall;
  await page.goto(at("/clips"));
  if (!(await page.locator("article.card").count())) await press(page, page.locator('form[action$="/clips"] button'));
  await stall.look("clips-proposed");
  await press(page, page.locator("article.card button[value=make]").first());
  await page.locator("article.card button[value=publish]").first().waitFor({ timeout: 120_000 });
  await stall.look("clips-ready");
  await press(page, page.locator("article.card button[value=publish]").first());
  await press(page, page.locator('article.card a[href^="/products/"]').first());
  const clip = page.locator("video.clip").first();
  await clip.evaluate((video) => video.play());
  await page.waitForFunction(() => document.querySelector("video.clip").currentTime > 0.5);
  assert.deepEqual(await clip.evaluate((video) => [video.videoWidth, video.videoHeight]), [720, 1280]);
  await clip.scrollIntoViewIfNeeded();
  await stall.look("product-with-a-clip", { whole: false });
});

test("the film of the show can be kept", async () => {
  const film = await stall.page.request.get(at("/recording.mp4"));
  assert.ok(film.ok(), await film.text().catch(() => ""));
  const file = join(RESULTS, "recording.mp4");
  writeFileSync(file, await film.body());
  const { stdout } = await run("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file]);
  assert.ok(Number(stdout) > 12, `${stdout} s`);
  shopper.expect(/40[134]/);
  assert.ok(!(await shopper.page.request.get(at("/recording.mp4"))).ok(), "it is the seller's");
});

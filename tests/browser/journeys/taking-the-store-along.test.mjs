/** Freedom: a store is packed at one market by its owner, fetched, and made anew at another; a file that was changed is refused. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { RESULTS, startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { press, seller, signIn } from "../steps.mjs";

const FILE = join(RESULTS, "store-to-take-along.zip");
const BROKEN = join(RESULTS, "store-that-was-changed.zip");
let old, fresh, chrome, owner, mover;

before(async () => {
  [old, fresh] = [await startMarket("leaving"), await startMarket("arriving")];
  chrome = await browser();
  owner = await seller(chrome, old);
  mover = await person(chrome, fresh);
  await signIn(mover);
});

after(async () => {
  await chrome?.close();
  await old?.stop();
  await fresh?.stop();
});

/** Waits for a page that looks again by itself. */
async function waitFor(page, locator) {
  await locator.waitFor({ timeout: 90_000 });
}

const names = async (page, store) => {
  await page.goto(store);
  return (await page.locator("main .product a[href^='/products/']").allInnerTexts()).map((name) => name.trim()).sort();
};

test("the owner packs the store and fetches the file", async () => {
  const { page } = owner;
  await page.goto(`/sell/${owner.store}`);
  await press(page, page.locator(`a[href="/sell/${owner.store}/export"]`));
  await owner.look("take-along");
  await page.locator("form[action$='/export'] button").click();
  const fetch = page.locator("a[href$='/file']");
  await waitFor(page, fetch);
  await owner.look("take-along-ready");
  const [download] = await Promise.all([page.waitForEvent("download"), fetch.click()]);
  await download.saveAs(FILE);
  assert.match(download.suggestedFilename(), /^dangol-[a-z0-9-]+\.zip$/);
  const bytes = readFileSync(FILE);
  assert.equal(bytes.subarray(0, 2).toString(), "PK");
  bytes[Math.floor(bytes.length / 2)] ^= 0xff;
  writeFileSync(BROKEN, bytes);
});

test("a file that was changed on its way is refused in plain words", async () => {
  const { page } = mover;
  await page.goto("/sell");
  await press(page, page.locator("main a[href='/sell/import']").first());
  await mover.look("bring");
  await page.locator("#file").setInputFiles(BROKEN);
  await page.locator("form[action='/sell/import'] button").click();
  await waitFor(page, page.locator("main a.button[href='/sell/import']"));
  await mover.look("bring-refused");
});

test("the file is looked over, the store is made, and stays shut until its owner opens it", async () => {
  const { page } = mover;
  await page.goto("/sell/import");
  await page.locator("#file").setInputFiles(FILE);
  await page.locator("form[action='/sell/import'] button").click();
  const run = page.locator("form[action$='/run'] button");
  await waitFor(page, run);
  await mover.look("bring-looked-over");
  await run.click();
  const opening = page.locator("form[action$='/opening'] button");
  await waitFor(page, opening);
  await mover.look("bring-done");
  await opening.click();
  const see = page.locator("main a[href^='/stores/']");
  await see.waitFor();
  await mover.look("bring-open");
  const here = await see.getAttribute("href");
  await owner.page.goto(`/sell/${owner.store}`);
  const there = await owner.page.locator('main a[href^="/stores/"]').first().getAttribute("href");
  assert.deepEqual(await names(page, here), await names(owner.page, there), "the same goods");
  await mover.look("store-that-moved");
  await page.goto("/sell");
  const home = await page.locator("main a[href^='/sell/']:not([href*='import']):not([href*='open'])").first().getAttribute("href");
  await page.goto(`${home}/history`);
  await mover.look("history");
  await page.goto(`${home}/history?kind=reviews`);
  await mover.look("history-reviews");
});

test("nothing went wrong on the way", () => {
  assert.deepEqual([...owner.complaints, ...mover.complaints], []);
});

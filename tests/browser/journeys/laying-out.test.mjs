/** A seller lays a product's page out by hand, writes in the diary and turns a jar; a shopper sees all of it. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { ROOT, startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { press, seller } from "../steps.mjs";

const frames = join(ROOT, "demo/photos");
const turn = readdirSync(frames).filter((name) => name.startsWith("onggi-turn-")).sort().map((name) => join(frames, name));
let market, chrome, stall, product;

before(async () => {
  market = await startMarket("laying-out");
  chrome = await browser();
  stall = await seller(chrome, market, { javascript: false });
  await stall.page.goto(`/sell/${stall.store}/products`);
  product = (await stall.page.locator('main h2 a[href*="/products/"]').first().getAttribute("href")).split("/").pop();
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const desk = (what = "/page") => `/sell/${stall.store}/products/${product}${what}`;

test("without JavaScript blocks are moved, hidden and written, looked at, shown and taken back", async () => {
  const { page } = stall;
  await page.goto(desk(""));
  await press(page, page.locator('a[href$="/page"]'));
  await stall.look("detail-desk");
  await press(page, page.locator("#questions form").first().locator("button"));
  await press(page, page.locator('#story button[value="hide"]'));
  await page.locator("#hook summary").click();
  await page.locator("#hook-text").fill("새벽 배에서 막 내렸어요");
  await press(page, page.locator('#hook button[value="write"]'));
  await page.locator("#sizes summary").click();
  await page.locator("#sizes-text").fill("크기, 길이\n대, 30cm, 넓이");
  stall.expect(/422/);
  await press(page, page.locator('#sizes button[value="write"]'));
  assert.match(await page.locator("#sizes-text").inputValue(), /넓이/, "nothing typed is lost");
  await page.locator("#sizes-error:visible").waitFor();
  await stall.look("detail-desk-wrong");
  await page.locator("#sizes-text").fill("크기, 길이, 무게\n대, 30cm, 500g\n중, 25cm, 350g");
  await press(page, page.locator('#sizes button[value="write"]'));
  await press(page, page.locator('a[href$="/page/preview"]'));
  assert.match(await page.locator(".hook").innerText(), /새벽 배에서/);
  await stall.look("detail-preview");
  const shopper = await person(chrome, market, { javascript: false });
  await shopper.page.goto(`/products/${product}`);
  assert.doesNotMatch(await shopper.page.locator(".detail").innerText(), /새벽 배에서 막/);
  await page.goto(desk());
  await press(page, page.locator('form[action$="/showing"] button'));
  await stall.look("detail-shown");
  await shopper.page.reload();
  assert.match(await shopper.page.locator(".detail").innerText(), /새벽 배에서 막[^]*30cm/);
  await press(page, page.locator(".toast button"));
  await shopper.page.reload();
  assert.doesNotMatch(await shopper.page.locator(".detail").innerText(), /새벽 배에서 막/);
  await press(page, page.locator(".toast button"));
  await shopper.leave();
});

test("a diary entry with a photo stands on the product's page", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/diary?product=${product}`);
  await page.locator("[name=words]").fill("안개가 걷히고 배가 늦게 들어왔어요. 그래도 물이 좋아요.");
  await page.locator("#photos").setInputFiles(join(frames, "mackerel.webp"));
  await stall.look("diary-desk");
  await press(page, page.locator("main form button.big"));
  await stall.look("diary-written");
  await page.goto(desk());
  await press(page, page.locator('#story button[value="show"]'));
  await press(page, page.locator('form[action$="/showing"] button'));
  await page.goto(`/products/${product}`);
  await page.locator(".entry", { hasText: "안개가 걷히고" }).waitFor();
});

test("photos become a turn by finger and by keyboard, and stay photos where that is too much", async () => {
  const { page } = stall;
  await page.goto(desk("/turn"));
  await page.locator("#photos").setInputFiles(turn);
  await press(page, page.locator("main form button.big"));
  await stall.look("turn-desk");
  await page.goto(desk());
  await press(page, page.locator('form[action$="/showing"] button'));

  const shopper = await person(chrome, market);
  await shopper.page.goto(`/products/${product}`);
  const slider = shopper.page.getByRole("slider");
  await slider.scrollIntoViewIfNeeded();
  const now = async () => Number(await slider.getAttribute("aria-valuenow"));
  assert.equal(await now(), 1);
  await slider.focus();
  for (const [key, then] of [["ArrowRight", 2], ["ArrowLeft", 1], ["ArrowLeft", 24], ["Home", 1], ["PageUp", 7], ["End", 24]]) {
    await slider.press(key);
    assert.equal(await now(), then, key);
  }
  assert.match(await slider.getAttribute("aria-valuetext"), /24장 가운데 24번째/);
  await slider.press("Home");
  const box = await slider.boundingBox();
  await shopper.page.mouse.move(box.x + 20, box.y + 60);
  await shopper.page.mouse.down();
  await shopper.page.mouse.move(box.x + 20 + box.width * 0.6, box.y + 60, { steps: 6 });
  await shopper.page.mouse.up();
  assert.equal(await now(), 13, "half a turn for six tenths of its width");
  await shopper.page.locator('[data-turn="1"]').click();
  assert.equal(await now(), 14);
  await shopper.look("product-laid-out");
  await shopper.page.emulateMedia({ media: "print" });
  await shopper.page.pdf({ path: join(ROOT, "test-results/product.pdf") }).catch(() => {});
  await shopper.look("product-printed", { axe: false });
  await shopper.leave();

  for (const javascript of [true, false]) {
    const poor = await person(chrome, market, { javascript });
    await poor.page.addInitScript(() => Object.defineProperty(navigator, "deviceMemory", { get: () => 1 }));
    await poor.page.goto(`/products/${product}`);
    await poor.page.locator(".turn-stills img").nth(23).waitFor({ state: "attached" });
    assert.equal(await poor.page.getByRole("slider").count(), 0);
    await poor.leave();
  }
});

test("a show tells how its goods are made", async () => {
  const shopper = await person(chrome, market, { javascript: false });
  await shopper.page.goto("/live");
  await shopper.page.goto(await shopper.page.locator('main a[href^="/live/"]').first().getAttribute("href"));
  const story = shopper.page.locator(".watch-goods details").first();
  await story.locator("summary").click();
  assert.ok((await story.innerText()).length > 30);
  await shopper.look("show-with-stories", { axe: false });
  await shopper.leave();
});

/** A seller makes a discount and a coupon; a shopper reads the one, types the other, and pays what was shown. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { mainButton, pay, press, productIn, seller, signIn } from "../steps.mjs";

let market, chrome;

before(async () => {
  market = await startMarket("discounting");
  chrome = await browser();
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const won = (text) => Number(text.replace(/\D/g, ""));

test("a discount and a coupon, from the stall to the receipt", async () => {
  const stall = await seller(chrome, market);
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/promotions`);
  await stall.look("discounts-empty");
  await page.goto(`/sell/${stall.store}/promotions/new`);
  await page.locator("[name=percent]").fill("10");
  await page.locator("[name=from_quantity]").fill("2");
  await stall.look("discount-new");
  await press(page, mainButton(page));
  await page.goto(`/sell/${stall.store}/coupons/new`);
  await page.locator("[name=code]").fill("김장2026");
  await page.locator("label.choice", { has: page.locator("[name=gives][value=amount]") }).click();
  await page.locator("[name=amount_won]").fill("1000");
  await stall.look("coupon-new");
  stall.expect(/answer: 422/);
  stall.expect(/console: .*422/);
  await press(page, mainButton(page));
  assert.equal(await page.locator("[name=code]").inputValue(), "김장2026", "what was typed is kept");
  await stall.look("coupon-wrong");
  await page.locator("[name=quantity]").fill("5");
  await press(page, mainButton(page));
  assert.match(page.url(), /promotions\?coupon_saved=/);
  await stall.look("discounts");
  await page.goto(`/sell/${stall.store}`);
  const store = await page.locator('main a[href^="/stores/"]').first().getAttribute("href");

  const shopper = await person(chrome, market, { javascript: false });
  await signIn(shopper);
  const buying = shopper.page;
  await buying.goto(store);
  assert.match(await buying.locator("main .product").first().innerText(), /2개부터 10% 할인/);
  await shopper.look("store-with-discount");
  await productIn(buying).click();
  await buying.waitForURL("**/products/*");
  await shopper.look("product-with-discount");
  await buying.locator("main [name=quantity]").fill("2");
  await press(buying, buying.locator('main form[action$="/buy"] .action-bar button:not([formaction])'));
  await buying.locator("[name=note]").fill("문 앞에");
  const before = won(await buying.locator(".of-parcel .price, .of-pickup .price").first().innerText());
  await buying.locator("[name=coupon]").fill("김장 2026");
  await press(buying, buying.locator("button[name=act][value=price]"));
  assert.equal(await buying.locator("[name=note]").inputValue(), "문 앞에");
  const total = won(await buying.locator(".of-parcel .price, .of-pickup .price").first().innerText());
  assert.equal(total, before - 1000);
  await shopper.look("checkout-with-coupon");
  const where = { recipient: "김단골", phone: "010-0000-0077", postcode: "00000", address: "너울포시 등대길 7" };
  for (const [name, value] of Object.entries(where)) {
    const field = buying.locator(`main [name=${name}]`);
    if (await field.count()) await field.fill(value);
  }
  const agreed = buying.locator("[name=agreed]");
  if (await agreed.count()) await agreed.check();
  await press(buying, mainButton(buying));
  await buying.waitForURL(/\/pay\//);
  assert.equal(won(await buying.locator("main .price").first().innerText()), total, "charged is what was shown");
  await pay(shopper, "approve");
  await shopper.look("order-with-discounts");
  await page.goto(`/sell/${stall.store}/promotions`);
  assert.match(await page.locator("main").innerText(), /5장 가운데 1장 썼어요/);
  await stall.look("discounts-used");
  await shopper.leave();
  await stall.leave();
});

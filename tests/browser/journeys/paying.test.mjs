/** Money by other ways: a deposit into an account of the order's own, and a part of it given back by the stallholder. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { order, press, productIn, seller, signIn, until } from "../steps.mjs";

let market, chrome, stall, shopper, bought;

before(async () => {
  market = await startMarket("paying");
  chrome = await browser();
  stall = await seller(chrome, market);
  shopper = await person(chrome, market);
  await signIn(shopper);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

test("a deposit into the order's own account pays it", async () => {
  const { page } = shopper;
  await stall.page.goto(`/sell/${stall.store}`);
  await page.goto(await stall.page.locator('main a[href^="/stores/"]').first().getAttribute("href"));
  await productIn(page).click();
  await order(shopper, { handOver: "pickup" });
  await page.locator("main details summary").click();
  await shopper.look("pay-deposit-form");
  const form = page.locator('form[action$="/account"]');
  await form.locator("[name=refund_number]").fill("110123456789");
  await form.locator("[name=refund_holder]").fill("김단골");
  await press(page, form.locator("button"));
  await page.waitForURL(/\/orders\//);
  bought = new URL(page.url()).pathname;
  assert.equal(await page.locator(".price-card").count(), 0, "no pickup code before the money is here");
  await shopper.look("order-deposit");
  await press(page, page.locator("button[value=deposit]"));
  await until(page, ".price-card");
  await shopper.look("order-deposited");
});

test("the stallholder gives a part back, and never more than was paid", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}${bought}`);
  const give = async (amount) => {
    await page.locator("main details summary").click();
    const form = page.locator('form[action$="/refunds"]');
    await form.locator("[name=amount]").fill(amount);
    await form.locator("[name=reason]").fill("한 봉지가 모자랐어요");
    await stall.look(`refund-${amount}`);
    await press(page, form.locator("button"));
  };
  await give("1000");
  await page.goto(`/sell/${stall.store}${bought}`);
  assert.match(await page.locator("main").innerText(), /1,000/);
  await stall.look("refunded-part");
  stall.expect(/422/);
  await give("9999999");
  assert.match(await page.locator("#amount-error:visible").innerText(), /11,?000/, "what can still go back is told");
  assert.equal(await page.locator("[name=amount]").inputValue(), "9999999", "nothing typed is lost");
  await stall.look("refund-too-much");
  await shopper.page.goto(bought);
  await until(shopper.page, "text=1,000");
  await shopper.look("order-refunded-part");
  await page.goto(`/sell/${stall.store}/payments`);
  await stall.look("payments");
});

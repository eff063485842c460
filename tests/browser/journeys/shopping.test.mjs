/** A shopper finds stalls, buys by parcel and for pickup, from one and from two, pays or is refused, and follows the order. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { order, pay, press, productIn, review, signIn, until } from "../steps.mjs";

let market, chrome;

before(async () => {
  market = await startMarket("shopping");
  chrome = await browser();
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** From the market's door to a product, by links only. */
async function find(shopper, { look = false } = {}) {
  const { page } = shopper;
  await page.goto("/");
  if (look) await shopper.look("home");
  await page.locator('main a[href^="/stores/"]:visible').first().click();
  await page.waitForURL("**/stores/*");
  if (look) await shopper.look("store");
  await productIn(page).click();
  await page.waitForURL("**/products/*");
  if (look) await shopper.look("product");
}

test("from the door to a paid order by parcel", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await find(shopper, { look: true });
  await order(shopper, { handOver: "parcel", look: true });
  await pay(shopper, "approve", { look: true });
  assert.match(shopper.page.url(), /\/orders\/[\w-]+/);
  await shopper.look("order-paid");
  await shopper.page.goto("/orders");
  assert.ok(await shopper.page.locator('main a[href^="/orders/"]').count(), "the order is not in the list");
  await shopper.look("orders");
  await shopper.leave();
});

test("for pickup, paid at the second try", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await find(shopper);
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "decline", { look: true });
  await shopper.page.locator("main [role=alert]:visible").waitFor();
  await shopper.look("payment-declined");
  await pay(shopper, "approve");
  assert.match(shopper.page.url(), /\/orders\/[\w-]+/);
  await shopper.look("order-pickup");
  await shopper.leave();
});

test("a bank that does not answer is never called a failure", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await find(shopper);
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "silent");
  assert.equal(await shopper.page.locator('main a[href^="/pay/"]').count(), 0, "nobody is asked to pay again");
  await shopper.look("payment-silent");
  // The money was taken, and the answer lost: it is found by asking again, and the code for the pickup appears.
  await until(shopper.page, ".price-card");
  await shopper.look("payment-silent-found");
  await shopper.leave();
});

test("from the cart", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await find(shopper);
  await press(shopper.page, shopper.page.locator('main button[formaction="/cart"]'));
  await shopper.page.goto("/cart");
  await shopper.look("cart-full");
  await shopper.page.locator('main a[href^="/checkout"]').click();
  await shopper.page.waitForURL(/checkout/);
  await shopper.leave();
});

test("from two stalls in one basket, paid one after the other", async () => {
  const shopper = await person(chrome, market);
  const { page } = shopper;
  await page.goto("/");
  const stalls = new Set();
  for (const link of await page.locator('main a[href^="/stores/"]').all()) stalls.add(await link.getAttribute("href"));
  for (const stall of [...stalls].slice(0, 2)) {
    await page.goto(stall);
    await productIn(page).click();
    await page.waitForURL("**/products/*");
    await press(page, page.locator('main button[formaction="/cart"]'));
  }
  await page.goto("/cart");
  await shopper.look("cart-two-stalls");
  await page.locator('main a[href="/checkout"]').click();
  await page.waitForURL(/checkout/);
  await shopper.look("checkout-two-stalls");
  await review(shopper, "pickup");
  await shopper.look("checkout-two-stalls-pay");
  await pay(shopper, "approve");
  await page.waitForURL(/checkouts/);
  await shopper.look("checkout-one-paid");
  await page.locator('main a[href^="/pay/"]').click();
  await pay(shopper, "approve");
  await page.waitForURL(/checkouts/);
  assert.equal(await page.locator('main a[href^="/pay/"]').count(), 0, "all is paid");
  assert.equal(await page.locator('main a[href^="/orders/"]').count(), 2);
  await shopper.look("checkout-all-paid");
  await shopper.leave();
});

test("a whole order without JavaScript", async () => {
  const shopper = await person(chrome, market, { javascript: false });
  await signIn(shopper);
  await find(shopper);
  await order(shopper, { handOver: "parcel" });
  await pay(shopper, "approve");
  assert.match(shopper.page.url(), /\/orders\/[\w-]+/);
  await shopper.leave();
});

test("an order for minus one is refused in plain words", async () => {
  const shopper = await person(chrome, market);
  shopper.expect(/answer: 4\d\d/);
  shopper.expect(/console: .*4\d\d/);
  await signIn(shopper);
  await find(shopper);
  const quantity = shopper.page.locator('main [name="quantity"]').first();
  await quantity.evaluate((input) => { input.type = "text"; input.value = "-1"; input.form.noValidate = true; });
  await press(shopper.page, shopper.page.locator('main form[action$="/buy"] .action-bar button:not([formaction])'));
  assert.doesNotMatch(shopper.page.url(), /checkout|pay/);
  await shopper.look("order-minus-one");
  await shopper.leave();
});

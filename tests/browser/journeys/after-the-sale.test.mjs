/** After the sale: a parcel that is sent, received and sent back for its money; a pickup handed over at the stall. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { mainButton, order, pay, press, seller, signIn } from "../steps.mjs";

let market, chrome, stall, shopper;

before(async () => {
  market = await startMarket("after-the-sale");
  chrome = await browser();
  stall = await seller(chrome, market);
  shopper = await person(chrome, market);
  await signIn(shopper);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** Buys the first of the stall's products that comes this way, and gives the order's path. */
async function buy(handOver) {
  const { page } = shopper;
  await stall.page.goto(`/sell/${stall.store}`);
  await page.goto(await stall.page.locator('main a[href^="/stores/"]').first().getAttribute("href"));
  const products = await page.locator('main a[href^="/products/"]').evaluateAll((links) => links.map((link) => link.href));
  for (const product of products) {
    await page.goto(product);
    if (handOver === "pickup" || (await page.locator("main").innerText()).includes("부터 무료예요")) break;
  }
  await order(shopper, { handOver });
  await pay(shopper, "approve");
  await page.waitForURL(/\/orders\//);
  return new URL(page.url()).pathname;
}

test("a parcel is sent, received, and goes back for its money", async () => {
  const bought = await buy("parcel");
  const { page } = stall;
  await page.goto(`/sell/${stall.store}${bought}`);
  await press(page, page.locator("button[value=preparing]"));
  const send = page.locator('form[action$="/shipments"]');
  await send.locator("[name=number]").fill("123");
  await stall.look("parcel-form");
  stall.expect(/422/);
  await press(page, send.locator("button"));
  assert.equal(await page.locator("[name=number]").inputValue(), "123", "nothing typed is lost");
  await stall.look("parcel-form-wrong");
  await page.locator("[name=number]").fill("6000-0000-0001");
  await press(page, mainButton(page));
  await stall.look("parcel-sent");

  await shopper.page.goto(bought);
  await shopper.look("order-parcel");
  await press(shopper.page, shopper.page.locator('form[action$="/receipt"] button'));
  await press(shopper.page, shopper.page.locator('a[href$="/returns/new"]'));
  await shopper.look("return-ask");
  await shopper.page.locator("[name^=q-]").first().fill("1");
  await shopper.page.locator("[name=reason][value=faulty]").check();
  await shopper.page.locator("[name=wish][value=refund]").check();
  await shopper.page.locator("[name=postage][value=collect]").check();
  await press(shopper.page, mainButton(shopper.page));
  await shopper.look("return-check");
  await press(shopper.page, mainButton(shopper.page));
  await shopper.page.waitForURL(/\/returns\//);
  const back = new URL(shopper.page.url()).pathname;
  await shopper.look("return-asked");

  await page.goto(`/sell/${stall.store}/returns`);
  await stall.look("returns");
  await page.goto(`/sell/${stall.store}${back}`);
  await stall.look("return-to-answer");
  await press(page, page.locator("button[value=accept]"));
  await shopper.page.reload();
  await shopper.look("return-accepted");
  await press(page, page.locator("button[value=shelf]"));
  await stall.look("return-arrived");
  await press(page, page.locator('form[action$="/refund"] button'));
  await stall.look("return-refunded");
  await shopper.page.reload();
  await shopper.look("return-refunded-shopper");
});

test("a pickup is handed over by its code, once", async () => {
  const bought = await buy("pickup");
  await shopper.look("order-pickup-picture");
  const code = (await shopper.page.locator(".price-card .price").first().innerText()).trim();
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/handover`);
  await page.locator("[name=code]").fill(code);
  await stall.look("handover");
  await press(page, mainButton(page));
  await stall.look("handover-found");
  await press(page, page.locator(".price-card button").first());
  await stall.look("handover-done");
  await shopper.page.goto(bought);
  assert.equal(await shopper.page.locator("svg.qr").count(), 0);
  await shopper.look("order-handed-over");
});

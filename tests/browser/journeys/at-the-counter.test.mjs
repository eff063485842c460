/** At the counter: a sign is scanned and paid without a queue; the till sells, and goes on while the line is down. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, NARROW, person } from "../people.mjs";
import { mainButton, pay, press, seller } from "../steps.mjs";

let market, chrome, stall, shopper, code;

before(async () => {
  market = await startMarket("at-the-counter");
  chrome = await browser();
  stall = await seller(chrome, market);
  shopper = await person(chrome, market);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const digits = (page) => page.locator("paid-proof .digits").innerText().then((text) => text.replace(/\D/g, ""));

test("a seller prints signs for the stall and for every product", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}`);
  await press(page, page.locator(`main a[href$="/signs"]`));
  code = (await page.locator("main").innerText()).match(/\/q\/(\w{8})/)[1];
  await stall.look("signs");
  await press(page, page.locator('form[action$="/signs/products"] button'));
  const signs = await page.locator("[name=code]").evaluateAll((boxes) => boxes.map((box) => box.value));
  assert.ok(signs.length > 1, "each product has a sign");
  await page.locator("details summary").click();
  await stall.look("signs-new");
  for (const size of ["a4", "a6", "label"]) {
    const paper = await page.request.get(`/sell/${stall.store}/signs.pdf?size=${size}&${signs.map((one) => `code=${one}`).join("&")}`);
    assert.equal(paper.status(), 200, size);
    assert.ok((await paper.body()).subarray(0, 5).equals(Buffer.from("%PDF-")), size);
  }
});

test("a shopper scans, picks, pays, and shows a proof that moves; a picture of it is worth nothing", async () => {
  const { page } = shopper;
  await page.goto(`/q/${code}`);
  await page.waitForURL(/\/here\//);
  await shopper.look("here");
  const tile = page.locator(".tile:not(.gone) .tap").first();
  await tile.click();
  assert.equal(await page.locator(".tile:not(.gone) input").first().inputValue(), "1", "a tap on the picture is one more");
  await press(page, mainButton(page));
  await shopper.look("here-look");
  for (const box of await page.locator("[name=agreed]").all()) await box.check();
  await press(page, page.locator("main button[value=pay]"));
  await pay(shopper, "approve");
  await page.waitForURL(/\/orders\/.*\/paid/);
  await shopper.look("paid", { axe: false });
  await shopper.look("paid-part", { whole: false });

  const shot = await digits(page);
  assert.match(shot, /^\d{6}$/);
  const clock = await page.locator(".clock").innerText();
  await page.waitForFunction((was) => document.querySelector(".clock")?.textContent !== was, clock);
  await page.waitForFunction((was) => !document.querySelector(".digits")?.textContent.replace(/\D/g, "").includes(was), shot, { timeout: 15_000 });

  // The seller sees the same thing of the moment.
  const desk = stall.page;
  await desk.goto(`/sell/${stall.store}/handover`);
  await stall.look("handover-counter");
  // A picture of a moment ago.
  await page.waitForTimeout(21_000);
  stall.expect(/409/);
  await desk.locator("[name=code]").fill(shot);
  await press(desk, desk.locator('form[action$="/handover"] button').first());
  assert.match(await desk.locator("main [role=alert]").innerText(), /지난 화면/);
  await stall.look("handover-stale");
  // And what stands there now.
  await desk.goto(`/sell/${stall.store}/handover`);
  await desk.locator("[name=code]").fill(await digits(page));
  await press(desk, desk.locator('form[action$="/handover"] button').first());
  await stall.look("handover-counter-found");
  await press(desk, mainButton(desk));
  assert.match(await desk.locator("main [role=status]").first().innerText(), /건네줬어요/);
  // The buyer's own screen says so by itself.
  await page.locator("paid-proof .notice.good").waitFor({ timeout: 15_000 });
  await shopper.look("paid-done");
});

test("the till sells with change, and a slip is taken back", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/till`);
  await stall.look("till");
  const tile = page.locator(".tile").first();
  const left = Number(await tile.getAttribute("data-stock-left"));
  await tile.locator(".tap").click();
  await tile.locator(".tap").click();
  await page.locator("[name=received]").fill("100,000");
  assert.match(await page.locator(".till-bar .change").innerText(), /원$/);
  await stall.look("till-picked", { whole: false });
  await page.locator(".till-bar button").click();
  const toast = page.locator(".toast");
  await toast.waitFor();
  await stall.look("till-sold", { whole: false });
  assert.equal(Number(await tile.getAttribute("data-stock-left")), left - 2);
  await toast.locator("button").click();
  await page.waitForFunction((was) => Number(document.querySelector(".tile").dataset.stockLeft) === was, left);
  // Without cash the terminal's number is asked for instead.
  await page.locator("[name=tender][value=terminal]").locator("xpath=ancestor::label").click();
  assert.equal(await page.locator("[name=received]").isVisible(), false);
  await tile.locator(".tap").click();
  await page.locator("[name=approval]").fill("30021947");
  await page.locator(".till-bar button").click();
  await page.locator(".toast", { hasText: "팔았어요" }).waitFor();
  await page.goto(`/sell/${stall.store}/till/receipts`);
  assert.match(await page.locator("main").innerText(), /카드 단말기/);
  await stall.look("till-receipts");
  await press(page, page.locator("main .rows a").first());
  await stall.look("till-receipt");
});

/** Buys over the shopper's own browser, as a page would. */
const buys = (variant, quantity) => shopper.page.evaluate(async ([variant_id, quantity]) => {
  const key = () => crypto.randomUUID();
  const post = (path, body) => fetch(path, { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key() }, body: JSON.stringify(body) });
  const placed = await post("/api/v1/orders", { lines: [{ variant_id, quantity }], hand_over: "pickup", recipient: "김단골", phone: "010-0000-0077", agreed: true });
  if (placed.status !== 201) return placed.status;
  const order = await placed.json();
  return (await post(`/api/v1/payments/${order.payment_id}/confirmation`, { card: "approve", amount_won: order.total_won })).status;
}, [variant, quantity]);

test("while the line is down the till goes on, and what was sold online meanwhile is told", async () => {
  const { page, context } = stall;
  await page.goto(`/sell/${stall.store}/till`);
  // Its page is kept by the worker before the line goes.
  await page.waitForFunction(async () => (await caches.open("dangol-till-1").then((keep) => keep.match(location.origin + location.pathname))) !== undefined);
  await page.waitForFunction(() => navigator.serviceWorker.controller ?? navigator.serviceWorker.getRegistration().then((one) => one?.active));
  const tiles = await page.locator(".tile").evaluateAll((all) => all.map((one, at) => ({ at, left: Number(one.dataset.stockLeft), variant: one.dataset.variant })));
  const { at, left, variant } = tiles.filter((one) => one.left > 2 && one.left < 90).sort((a, b) => a.left - b.left)[0];
  const tile = page.locator(".tile").nth(at);

  await context.setOffline(true);
  stall.expect(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
  await page.locator(".line-state").waitFor();
  // The page opens without a line.
  await page.reload();
  await page.locator(".line-state").waitFor();
  await stall.look("till-offline", { whole: false });
  // All that was left is sold, and no more than that.
  await tile.locator("input[type=number]").fill(String(left + 3));
  await tile.locator("input[type=number]").blur();
  assert.equal(Number(await tile.locator("input[type=number]").inputValue()), left, "as many as there were when the line went");
  await page.locator(".till-bar button").click();
  await page.locator(".toast").waitFor();
  await page.locator(".queued:not([hidden])").waitFor();
  await tile.locator(".tap").click();
  assert.equal(await tile.locator("input[type=number]").inputValue(), "", "none is left");
  await stall.look("till-queued", { whole: false });
  // What is kept outlives the page.
  await page.reload();
  await page.locator(".queued:not([hidden])").waitFor();

  // Meanwhile two of the same goods are sold online.
  assert.equal(await buys(variant, 2), 200);

  await context.setOffline(false);
  await page.locator(".queued").waitFor({ state: "hidden", timeout: 30_000 });
  await page.goto(`/sell/${stall.store}/till`);
  assert.match(await page.locator("main .notice").first().innerText(), /직접 맞출 것이 1건/);
  await press(page, page.locator('main a[href$="/till/overs"]'));
  await stall.look("till-overs");
  assert.match(await page.locator("main article h2").innerText(), /2개/);
  await press(page, mainButton(page));
  assert.match(await page.locator("main [role=status]").innerText(), /맞출 것이 없어요/);
  await page.goto(`/sell/${stall.store}/till/receipts`);
  assert.match(await page.locator("main").innerText(), /인터넷 없이 판 것/);
  await page.goto(`/sell/${stall.store}/till/settings`);
  await stall.look("till-settings");
});

test("the till works without JavaScript and on the narrowest screen", async () => {
  const plain = await person(chrome, market, { javascript: false });
  await plain.context.addCookies(await stall.context.cookies());
  const { page } = plain;
  await page.goto(`/sell/${stall.store}/till`);
  await page.locator(".tile input[type=number]").nth(1).fill("1");
  await press(page, page.locator(".till-bar button"));
  assert.match(page.url(), /\/till\/receipts\//);
  await plain.look("till-receipt-plain");
  await press(page, page.locator(".toast button"));
  assert.match(page.url(), /undone=/);
  await plain.leave();
  const narrow = await person(chrome, market, { screen: NARROW });
  await narrow.context.addCookies(await stall.context.cookies());
  await narrow.page.goto(`/sell/${stall.store}/till`);
  await narrow.look("till-narrow");
  await narrow.page.goto(`/here/${code}`);
  await narrow.look("here-narrow");
  await narrow.leave();
});

/** Trust: what was bought is reviewed with a photo and answered; a question, a follow, a reason; opening hours and the map. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { ROOT, startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { mainButton, order, pay, press, seller, signIn } from "../steps.mjs";

let market, chrome, stall, shopper, product, store;

before(async () => {
  market = await startMarket("reviewing");
  chrome = await browser();
  stall = await seller(chrome, market);
  shopper = await person(chrome, market);
  await signIn(shopper);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

test("what was picked up is reviewed with a photo, and the seller answers with one tap", async () => {
  const { page } = shopper;
  await stall.page.goto(`/sell/${stall.store}`);
  store = await stall.page.locator('main a[href^="/stores/"]').first().getAttribute("href");
  await page.goto(store);
  product = await page.locator('main .product:not(.gone) a[href^="/products/"]').first().getAttribute("href");
  await page.goto(product);
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "approve");
  await page.waitForURL(/\/orders\//);
  const bought = new URL(page.url()).pathname;
  await shopper.look("order-with-reason");
  await page.locator('#reason button[value="explained"]').click();
  await page.locator('#reason [role="status"]').waitFor();
  assert.equal(await page.locator('#reason button[aria-pressed="true"]').getAttribute("value"), "explained");
  const code = (await page.locator(".price-card .price").first().innerText()).trim();
  await stall.page.goto(`/sell/${stall.store}/handover`);
  await stall.page.locator("[name=code]").fill(code);
  await press(stall.page, mainButton(stall.page));
  await press(stall.page, stall.page.locator(".price-card button").first());

  await page.goto(bought);
  await press(page, page.locator('main a[href*="/reviews/"]').first());
  await shopper.look("review-blank");
  await page.locator("[name=words]").fill("간이 딱 맞고 살이 두툼해요. 다음에도 여기서 살게요.");
  shopper.expect(/422/);
  await mainButton(page).click();
  await page.locator("#stars-error:visible").waitFor();
  assert.match(await page.locator("[name=words]").inputValue(), /두툼/, "nothing typed is lost");
  await page.locator("[name=stars][value='5']").check({ force: true });
  for (const first of await page.locator("fieldset .three").all()) await first.locator("input").last().check({ force: true });
  await page.locator("input[type=file]").setInputFiles(join(ROOT, "ui/public/icon-512.png"));
  await page.locator(".photos li").waitFor();
  await shopper.look("review-filled");
  await mainButton(page).click();
  await page.waitForURL(/\/reviews\/[^/]+\?done=saved/);
  await shopper.look("review-written");

  await stall.page.goto(`/sell/${stall.store}/reviews`);
  await stall.look("reviews-to-answer");
  await press(stall.page, stall.page.locator('form[action$="/answer"] button').first());
  await stall.look("review-answered");

  await page.goto(product);
  await page.locator("#reviews .reply").first().waitFor();
  await shopper.look("product-with-review");
  await page.goto(`${product}/reviews?sort=photos`);
  await shopper.look("reviews-of-product");
  const reader = await person(chrome, market, { javascript: false });
  await reader.page.goto(`${product}/reviews`);
  await reader.look("reviews-without-script");
  await reader.leave();
});

test("a question is asked and answered, and the heart counts one", async () => {
  const { page } = shopper;
  await page.goto(product);
  const heart = page.locator(".heart");
  const before = Number((await heart.locator(".number").innerText()).replace(",", ""));
  await heart.click();
  await page.locator('.heart[aria-pressed="true"]').waitFor();
  assert.equal(Number((await page.locator(".heart .number").innerText()).replace(",", "")), before + 1);
  await page.goto("/me/follows");
  await shopper.look("my-follows");
  await page.goto(`${product}/questions`);
  await page.locator("[name=words]").fill("구워 먹기에도 좋은가요?");
  await shopper.look("question-typed");
  await press(page, mainButton(page));
  await shopper.look("question-sent");
  await stall.page.goto(`/sell/${stall.store}/questions`);
  await stall.look("questions-to-answer");
  await press(stall.page, stall.page.locator('main a[href*="/questions/"]').first());
  await stall.page.locator("[name=answer]").fill("네, 구이로도 아주 좋아요.");
  await stall.look("question-answer");
  await press(stall.page, mainButton(stall.page));
  await page.goto(`${product}/questions`);
  await shopper.look("question-answered");
  await stall.page.goto(`/sell/${stall.store}/followers`);
  await stall.look("followers");
  await stall.page.goto(`/sell/${stall.store}/reasons`);
  await stall.look("reasons");
});

test("hours are written down once, and stalls show on the map", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/hours`);
  await stall.look("hours");
  await press(page, page.locator('main a[href$="/week"]'));
  for (const day of await page.locator("[name^=open-]").all()) await day.check();
  await page.locator("[name=opens-0]").fill("00:00");
  await page.locator("[name=closes-0]").fill("00:00");
  await press(page, page.locator("[name=act][value=same]"));
  await stall.look("hours-week");
  await press(page, mainButton(page));
  await page.goto(`/sell/${stall.store}/hours/rests`);
  await stall.look("hours-rests");
  await press(page, mainButton(page));
  await page.goto(`/sell/${stall.store}/hours/days`);
  await page.locator("[name=day]").fill("2099-02-07");
  await press(page, mainButton(page));
  await stall.look("hours-days");
  await page.goto(`/sell/${stall.store}/hours/place`);
  await page.locator("[name=lane]").fill("가동 3번 골목");
  await page.locator("[name=place]").fill("12호");
  await stall.look("hours-place");
  await press(page, mainButton(page));
  await stall.look("hours-saved");
  await shopper.page.goto(store);
  await shopper.look("store-open");
  await shopper.page.goto("/stalls?open=1");
  assert.match(await shopper.page.locator("main").innerText(), /12호/);
  await shopper.look("market-map");
});

test("nobody saw anything break", () => {
  assert.deepEqual([...stall.complaints, ...shopper.complaints], []);
});

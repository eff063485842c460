/**
 * One show from its announcement to its diagnosis: scheduled, waited for and told once, practised, looked over, on air with
 * everything a seller can open, watched by three phones of different capability (our player by the chain, hls.js, and no
 * JavaScript at all) and kept in order by a helper; then its replay, a clip, what came of it, and how long it is kept.
 */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { refuseChain } from "../../../bench/glass.mjs";
import { mainButton, pay, press, review, seller, signIn, until } from "../steps.mjs";

let market, chrome, stall, chain, old, plain, nephew, show;

before(async () => {
  market = await startMarket("a-whole-show");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  chain = await person(chrome, market, { screen: PHONE });
  old = await person(chrome, market, { screen: PHONE });
  plain = await person(chrome, market, { screen: PHONE, javascript: false });
  nephew = await person(chrome, market, { screen: PHONE });
  for (const somebody of [chain, old, plain]) await signIn(somebody);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const at = (what = "") => `/sell/${stall.store}/live/${show}${what}`;
const card = ({ page }, kind) => page.locator(`.interactions [data-kind=${kind}]`);
const plays = ({ page }) => page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0.5);
const end = (kind) => stall.page.locator(`.interactions [data-kind=${kind}] form[action$="/closing"] button`).click();

/** Opens the drawer of a kind, fills its form and sends it. */
async function ask(kind, fill = async () => {}) {
  const form = stall.page.locator(`.interaction-drawer details:has(form [name=kind][value=${kind}])`);
  await form.locator("summary").click();
  await fill(form);
  await form.locator("form button:not([type=button])").last().click();
  await stall.page.locator(`.interactions [data-kind=${kind}]:not([data-closed])`).waitFor();
  await form.locator("summary").click();
}

/** Letters to somebody that say something, as the outbox of the demo shows them. */
async function letters(self, words) {
  const reader = await self.context.newPage();
  await reader.goto("/dev/outbox");
  const found = await reader.locator("[data-to]", { hasText: self.address }).filter({ hasText: words }).count();
  await reader.close();
  return found;
}

test("a show is announced with a coupon to hand out, and two people wait for it", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/coupons/new`);
  await page.locator("label.choice", { has: page.locator("[name=gives][value=amount]") }).click();
  await page.locator("[name=amount_won]").fill("1000");
  await page.locator("[name=quantity]").fill("2");
  await page.locator("[name=by_claim]").check();
  await press(page, mainButton(page));

  await page.goto(`/sell/${stall.store}/live`);
  await page.locator("[name=title]").fill("내일 아침 첫 방송");
  await page.locator("label.choice", { has: page.locator("[name=when][value=later]") }).click();
  const tomorrow = new Date(Date.now() + 33 * 3_600_000).toISOString().slice(0, 16);
  await page.locator("[name=starts]").fill(tomorrow);
  await stall.look("whole-announce");
  await press(page, mainButton(page));
  show = new URL(page.url()).pathname.split("/").pop();

  await chain.page.goto("/live");
  await chain.page.locator(`a[href="/live/${show}"]`).first().click();
  await chain.look("whole-before");
  for (const { page } of [chain, plain]) {
    await page.goto(`/live/${show}`);
    await press(page, page.locator('form[action$="/notice"] button'));
  }
  await plain.look("whole-waiting-plain");
  const calendar = await chain.page.request.get(`/live/${show}/calendar.ics`);
  assert.match(await calendar.text(), /SUMMARY:.*첫 방송/);
});

test("it is practised in private, and looked over before it begins", async () => {
  const { page } = stall;
  await page.goto(at());
  await page.locator('go-live[data-state="ready"]').waitFor();
  assert.match(await page.locator("main").innerText(), /2/, "two people wait");
  await press(page, page.locator('form[action$="/rehearsal"] button'));
  await page.locator('go-live[data-state="ready"]').waitFor();
  await page.locator('[data-act="start"]').click();
  await page.locator('go-live[data-state="air"]').waitFor();
  await page.locator(".chat li", { hasText: "연습 손님" }).first().waitFor();
  const stop = page.locator('[data-act="end"]');
  await stop.click();
  await stop.click();
  await page.getByRole("heading", { name: "연습을 마쳤어요" }).waitFor();
  assert.equal(await letters(chain, "첫 방송"), 0, "nobody is told of a rehearsal");
  await press(page, page.locator("a.button.big"));
  await page.locator('go-live[data-state="ready"]').waitFor();
  await page.locator(".findings li, .checks li").first().waitFor();
  await stall.look("whole-preflight");
});

test("it begins, whoever waited is told once, and three phones watch as each of them can", async () => {
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await old.page.addInitScript(refuseChain);
  for (const { page } of [chain, old, plain]) await page.goto(`/live/${show}`);
  await plays(chain);
  await plays(old);
  const mode = ({ page }) => page.evaluate(() => document.querySelector("live-player").stats.mode);
  assert.deepEqual([await mode(chain), await mode(old)], ["chain", "hls"]);
  // Without JavaScript the address of the playlist stands in the page, and can be played.
  const source = await plain.page.locator("video source").getAttribute("src");
  assert.ok((await (await plain.page.request.get(source)).text()).startsWith("#EXTM3U"));
  for (const someone of [chain, plain]) {
    for (let look = 0; look < 40 && !(await letters(someone, "첫 방송")); look += 1) await stall.page.waitForTimeout(250);
  }
  await chain.look("whole-chain", { whole: false });
  await old.look("whole-hls", { whole: false });
  await plain.look("whole-plain", { whole: false });
});

test("a helper joins by the link and keeps the room", async () => {
  const invited = await stall.context.newPage();
  await invited.goto(at("/helpers"));
  const address = await invited.locator("share-button").getAttribute("data-url");
  await invited.close();
  await nephew.page.goto(new URL(address).pathname + new URL(address).search);
  await nephew.page.locator("[name=name]").fill("조카");
  await press(nephew.page, mainButton(nephew.page));
  await nephew.page.waitForURL(/\/desk$/);
  await old.page.locator('form.talk [name="text"]').fill("여기 말고 옆집이 싸요");
  await old.page.locator('form.talk [name="text"]').press("Enter");
  const line = ({ page }) => page.locator(".chat li", { hasText: "옆집이 싸요" });
  await line(chain).waitFor();
  await line(nephew).locator("form button").first().click();
  await line(chain).waitFor({ state: "detached" });
  await line(old).waitFor({ state: "detached" });
});

test("everything the seller opens is on all three phones", async () => {
  await stall.page.locator("[data-pin]").first().click();
  for (const who of [chain, old]) await who.page.locator(".pinned [data-buy]").first().waitFor();
  await ask("announcement", (form) => form.locator("[name=said]").fill("오늘은 덤을 드려요"));
  await ask("poll", async (form) => {
    await form.locator("[name=said]").fill("무침과 볶음 중에?");
    await form.locator("[name=choice]").nth(0).fill("무침");
    await form.locator("[name=choice]").nth(1).fill("볶음");
  });
  for (const [who, choice] of [[chain, 0], [old, 1]]) {
    await card(who, "poll").locator("[data-choice]").nth(choice).click();
    await card(who, "poll").locator('[aria-pressed="true"]').waitFor();
  }
  await plain.page.reload();
  assert.equal(await card(plain, "announcement").count(), 1);
  await press(plain.page, card(plain, "poll").locator("[data-choice]").nth(1));
  await end("poll");
  await chain.page.locator(".interactions [data-kind=poll][data-closed]").waitFor();
  await plain.page.reload();
  for (const who of [stall, chain, old]) {
    await who.page.locator(".interactions [data-kind=poll][data-closed]").waitFor();
    assert.deepEqual(await card(who, "poll").locator("[data-choice] output").allTextContents(), ["1", "2"]);
  }
  await ask("quiz", async (form) => {
    await form.locator("[name=said]").fill("한 손은 몇 마리?");
    for (const [place, words] of ["한 마리", "두 마리"].entries()) await form.locator("[name=choice]").nth(place).fill(words);
    await form.locator("[name=answer]").nth(1).check();
  });
  await card(old, "quiz").locator("[data-choice]").nth(1).click();
  await card(old, "quiz").locator('[aria-pressed="true"]').waitFor();
  await end("quiz");
  await ask("draw", (form) => form.locator("[name=said]").fill("참기름 한 병"));
  for (const who of [chain, old]) {
    await card(who, "draw").locator("button").click();
    await card(who, "draw").locator(".given:not([hidden])").waitFor();
  }
  await end("draw");
  await ask("coupon");
  await card(chain, "coupon").locator("button").click();
  await card(chain, "coupon").locator(".given:not([hidden])").waitFor();
  await end("coupon");
  await chain.page.locator('form.talk [name="text"]').fill("택배로도 받을 수 있나요?");
  await chain.page.locator('form.talk [name="text"]').press("Enter");
  await stall.page.locator(".questions [data-question] [value=answered]").click();
  await ask("offer", async (form) => {
    await form.locator("[name=price_won]").fill("5,000");
    await form.locator("[name=quantity]").fill("3");
  });
  await card(old, "offer").waitFor();
  await stall.look("whole-studio");
  await old.look("whole-hls-offer", { whole: false });
  await card(old, "offer").locator("[data-buy]").click();
  const sheet = old.page.locator("buy-sheet dialog[open]");
  await sheet.locator("form").waitFor();
  await press(old.page, sheet.locator("form button.big"));
  await review(old, "pickup");
  await pay(old, "approve");
  await stall.page.locator(".orders li", { hasText: "주문" }).first().waitFor();
  // The clip is found where a product was shown for a while.
  await stall.page.waitForTimeout(8_000);
});

test("its replay comes at once and remembers all of it; nobody was told twice", async () => {
  const stop = stall.page.locator('[data-act="end"]');
  await stop.click();
  await stop.click();
  await stall.page.locator('a[href$="/diagnosis"]').waitFor();
  assert.deepEqual([await letters(chain, "첫 방송"), await letters(plain, "첫 방송"), await letters(old, "첫 방송")], [1, 1, 0]);
  await chain.page.goto(`/live/${show}`);
  await until(chain.page, ".chapters");
  await plays(chain);
  const { events } = await (await chain.page.request.get(`/live/${show}/replay.json`)).json();
  for (const kind of ["announcement", "poll", "quiz", "draw", "coupon", "offer"]) {
    assert.ok(events.some((event) => event.type === "interaction" && event.kind === kind), kind);
  }
  assert.ok(events.some(({ type }) => type === "answered") && events.some(({ type }) => type === "pin"));
  assert.ok(!JSON.stringify(events).includes("옆집이 싸요"), "what was hidden stays hidden");
  await chain.look("whole-replay");
});

test("a clip, the diagnosis, and how long it is kept", async () => {
  const { page } = stall;
  await page.goto(at("/clips"));
  if (!(await page.locator("article.card").count())) await press(page, page.locator('form[action$="/clips"] button'));
  await press(page, page.locator("article.card button[value=make]").first());
  await page.locator("article.card button[value=publish]").first().waitFor({ timeout: 120_000 });
  await press(page, page.locator("article.card button[value=publish]").first());
  await page.goto(at("/diagnosis"));
  await page.locator("svg").first().waitFor();
  assert.match(await page.locator("main").innerText(), /5,000원/, "the order is counted");
  await stall.look("whole-diagnosis");
  await page.goto(`/live/${show}/keeping`);
  await stall.look("keeping-show");
  // Her page still plays the replay: its next segment is gone too.
  chain.expect(/410/);
  await press(page, page.locator("button[value=withdraw]"));
  await stall.look("keeping-withdrawn");
  await chain.page.goto(`/live/${show}`);
  assert.match(await chain.page.locator("live-player .state").innerText(), /기간이 끝났어요/);
  assert.equal((await chain.page.request.get(`/media/${show}/vod.m3u8`)).status(), 410);
  assert.equal(await chain.page.evaluate(() => document.querySelector("live-player video").readyState), 0);
  await chain.look("replay-withdrawn");
  await press(page, page.locator("button[value=show]"));
  await page.locator("details summary").click();
  await page.locator("[name=reason]").fill("원산지를 두고 조정 중");
  await press(page, page.locator("button[value=hold]"));
  await stall.look("keeping-held");
  await page.goto(`/sell/${stall.store}/live/keeping`);
  await stall.look("keeping-policy");
});

/**
 * On air the seller asks the room: an announcement, a poll, a quiz, a draw and a coupon. Three people answer from phones
 * of different capability (our player, no picture at all, no JavaScript), and all read the same count.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { program, RESULTS, startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { mainButton, newShow, pay, press, review, seller, signIn, until } from "../steps.mjs";

const run = promisify(execFile);
let market, chrome, stall, watching, plain, guest, show;

before(async () => {
  market = await startMarket("asking-the-room");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  watching = await person(chrome, market, { screen: PHONE });
  plain = await person(chrome, market, { screen: PHONE, javascript: false });
  guest = await person(chrome, market, { screen: PHONE });
  for (const somebody of [watching, plain]) await signIn(somebody);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** Opens the drawer of a kind, fills its form and sends it. */
async function ask(kind, fill = async () => {}) {
  const form = stall.page.locator(`.interaction-drawer details:has(form [name=kind][value=${kind}])`);
  if (!(await form.getAttribute("open").then((is) => is !== null))) await form.locator("summary").click();
  await fill(form);
  await form.locator("form button:not([type=button])").last().click();
  const card = stall.page.locator(`.interactions [data-kind=${kind}]:not([data-closed])`);
  await card.waitFor();
  await form.locator("summary").click();
  return card.getAttribute("data-interaction");
}

const end = (kind) => stall.page.locator(`.interactions [data-kind=${kind}] form[action$="/closing"] button`).click();
const card = ({ page }, kind) => page.locator(`.interactions [data-kind=${kind}]`);
const counts = (who, kind) => card(who, kind).locator("[data-choice] output").allTextContents();

test("a coupon to hand out is made before the show", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/coupons/new`);
  await page.locator("label.choice", { has: page.locator("[name=gives][value=amount]") }).click();
  await page.locator("[name=amount_won]").fill("1000");
  await page.locator("[name=quantity]").fill("2");
  await page.locator("[name=by_claim]").check();
  await stall.look("coupon-to-hand-out");
  await press(page, mainButton(page));
});

test("the show is on, and everybody is in the room", async () => {
  show = await newShow(stall);
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.waitForFunction(async (url) => (await (await fetch(url)).json()).state === "live", `/media/${show.id}/join`);
  for (const { page } of [watching, plain, guest]) await page.goto(`/live/${show.id}`);
  await watching.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
});

test("an announcement stands over the picture until it is taken down", async () => {
  await ask("announcement", (form) => form.locator("[name=said]").fill("10분 뒤에 굴비를 열어요"));
  await card(watching, "announcement").waitFor();
  await watching.look("room-announcement", { whole: false });
  await stall.page.locator('.interactions [data-kind=announcement] button').click();
  await card(watching, "announcement").waitFor({ state: "detached" });
});

test("a poll is answered once by each, with and without JavaScript, and all read the same count", async () => {
  await ask("poll", async (form) => {
    await form.locator("[name=said]").fill("고등어, 어떻게 드세요?");
    await form.locator("[name=choice]").nth(0).fill("구이");
    await form.locator("[name=choice]").nth(1).fill("조림");
  });
  await card(watching, "poll").waitFor();
  await stall.look("studio-poll", { whole: false });
  await card(watching, "poll").locator("[data-choice]").nth(1).click();
  await card(watching, "poll").locator('[aria-pressed="true"]').waitFor();
  await plain.page.reload();
  await plain.look("room-poll-plain", { whole: false });
  await press(plain.page, card(plain, "poll").locator("[data-choice]").nth(0));
  assert.equal(await card(plain, "poll").locator('[aria-pressed="true"]').count(), 1);
  assert.equal(await card(guest, "poll").locator("a").count(), 1, "a guest is asked in");
  await watching.look("room-poll", { whole: false });
  await guest.look("room-poll-guest", { whole: false });
  const from = Date.now();
  await end("poll");
  for (const who of [stall, watching, guest]) {
    await who.page.locator(".interactions [data-kind=poll][data-closed]").waitFor();
    assert.deepEqual(await counts(who, "poll"), ["1", "1"]);
  }
  console.log(`the same count on three screens ${Date.now() - from} ms after the tap`);
  await stall.look("studio-poll-closed", { whole: false });
});

test("a quiz tells who was right", async () => {
  await ask("quiz", async (form) => {
    await form.locator("[name=said]").fill("한 손은 몇 마리?");
    for (const [place, words] of ["한 마리", "두 마리", "세 마리"].entries()) await form.locator("[name=choice]").nth(place).fill(words);
    await form.locator("[name=answer]").nth(1).check();
  });
  await card(watching, "quiz").locator("[data-choice]").nth(1).click();
  await card(watching, "quiz").locator('[aria-pressed="true"]').waitFor();
  await end("quiz");
  await watching.page.locator(".interactions [data-kind=quiz] .right").waitFor();
  await watching.look("room-quiz", { whole: false });
});

test("a draw can be checked by a page and by the command", async () => {
  const draw = await ask("draw", (form) => form.locator("[name=said]").fill("굴비 한 두름"));
  await card(watching, "draw").locator("button").click();
  await card(watching, "draw").locator(".given:not([hidden])").waitFor();
  await plain.page.reload();
  await press(plain.page, card(plain, "draw").locator("button"));
  await watching.look("room-draw", { whole: false });
  await end("draw");
  await watching.page.locator(".interactions [data-kind=draw][data-closed]").waitFor();
  await watching.look("room-draw-closed", { whole: false });
  await plain.page.goto(`/live/${show.id}/draws/${draw}`);
  await plain.look("draw-check");
  const answer = await plain.page.request.get(`/api/v1/broadcasts/${show.id}/interactions/${draw}/proof`);
  const file = join(RESULTS, "draw.json");
  const proof = await answer.json();
  writeFileSync(file, JSON.stringify(proof));
  assert.match((await run(program(), ["verify-draw", file])).stdout, /Fair/);
  writeFileSync(file, JSON.stringify({ ...proof, winners: proof.tickets.filter((ticket) => !proof.winners.includes(ticket)) }));
  await assert.rejects(run(program(), ["verify-draw", file]), /Not fair/);
});

test("coupons go to the first who take them, and then they are gone", async () => {
  await ask("coupon");
  await card(watching, "coupon").locator("button").click();
  await card(watching, "coupon").locator(".given:not([hidden])").waitFor();
  await watching.look("room-coupon", { whole: false });
  await plain.page.goto(`/live/${show.id}`);
  await press(plain.page, card(plain, "coupon").locator("button"));
  await watching.page.locator(".interactions [data-kind=coupon][data-closed]").waitFor();
  await guest.page.locator(".interactions [data-kind=coupon][data-closed]").waitFor();
  await guest.look("room-coupon-gone", { whole: false });
  await stall.look("studio-coupon-closed");
});

test("the first pieces cost less, are counted on every screen, and a taken coupon comes on top", async () => {
  await ask("offer", async (form) => {
    await form.locator("[name=price_won]").fill("5,000");
    await form.locator("[name=quantity]").fill("2");
    await stall.look("studio-offer-form", { whole: false });
  });
  await card(watching, "offer").waitFor();
  await stall.look("studio-offer", { whole: false });
  await watching.look("room-offer", { whole: false });
  // A guest has no coupon: the offer's price stands in the sheet and on the review.
  await card(guest, "offer").locator("[data-buy]").click();
  const sheet = guest.page.locator("buy-sheet dialog[open]");
  await sheet.locator("form").waitFor();
  assert.match(await sheet.textContent(), /선착순 특가 5,000원/);
  await guest.look("sheet-offer", { whole: false });
  await press(guest.page, sheet.locator("form button.big"));
  await guest.look("review-offer");
  await review(guest, "pickup");
  await pay(guest, "approve");
  await watching.page.locator(".interactions [data-kind=offer] .left", { hasText: "1개" }).waitFor();
  // Whoever took the coupon reads the price with it at once.
  await card(watching, "offer").locator("[data-buy]").click();
  await watching.page.locator("buy-sheet dialog[open] form").waitFor();
  await watching.look("sheet-offer-coupon", { whole: false });
  assert.match(await watching.page.locator("buy-sheet dialog[open]").textContent(), /4,000원/);
  await watching.page.locator("buy-sheet dialog[open] [data-close]").first().click();
  await end("offer");
  await watching.page.locator(".interactions [data-kind=offer][data-closed]").waitFor();
  await watching.look("room-offer-closed", { whole: false });
});

const talk = async ({ page }, text) => {
  await page.locator('form.talk [name="text"]').fill(text);
  await page.locator('form.talk [name="text"]').press("Enter");
};

test("a question waits for its answer, and can be brought back", async () => {
  await talk(watching, "택배로도 받을 수 있나요?");
  const question = stall.page.locator(".questions [data-question]");
  await question.waitFor();
  await stall.look("studio-question", { whole: false });
  await question.locator("[value=dismissed]").click();
  await question.waitFor({ state: "detached" });
  await stall.page.locator(".question-undo button").click();
  await question.waitFor();
  await question.locator("[value=answered]").click();
  await question.waitFor({ state: "detached" });
});

test("a word that is not wanted stays in the field, and whoever is muted reads why", async () => {
  for (const pattern of [/answer: (422|403)/, /console: .*(422|403)/]) watching.expect(pattern);
  await talk(watching, "ㅅㅂ 비싸네");
  await watching.page.locator("form.talk .error:visible").waitFor();
  assert.equal(await watching.page.locator('form.talk [name="text"]').inputValue(), "ㅅㅂ 비싸네", "what was typed is kept");
  await watching.look("room-banned", { whole: false });
  await talk(watching, "너무 비싸서 안 살래");
  const line = (who) => who.page.locator(".chat li", { hasText: "안 살래" });
  await line(stall).locator('[formaction$="/muting"]').click();
  await line(watching).waitFor({ state: "detached" });
  await talk(watching, "조용히 할게요");
  await watching.page.locator("form.talk .error", { hasText: "말할 수 없어요" }).waitFor();
  await watching.look("room-muted", { whole: false });
  await stall.look("studio-whole");
});

test("the replay asks again, in its time, and takes no answers", async () => {
  await stall.page.goto("/sell");
  const ended = await stall.page.request.post(`/live/${show.id}/ending`, { headers: { "sec-fetch-site": "same-origin", accept: "application/json" } });
  assert.ok(ended.ok(), await ended.text());
  const replay = await (await guest.page.request.get(`/live/${show.id}/replay.json`)).json();
  const kinds = replay.events.filter(({ type }) => type.startsWith("interaction")).map(({ type, kind }) => `${type} ${kind}`);
  for (const kind of ["announcement", "poll", "quiz", "draw", "coupon", "offer"]) {
    assert.ok(kinds.includes(`interaction ${kind}`) && kinds.includes(`interaction-closed ${kind}`), kind);
  }
  await guest.page.goto(`/live/${show.id}`);
  await until(guest.page, ".chapters");
  const chapter = guest.page.locator(".chapters button", { hasText: "택배로도 받을 수 있나요" });
  await chapter.waitFor();
  await guest.look("replay-chapters");
  await chapter.click();
  const at = (await chapter.locator("b").textContent()).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  await guest.page.waitForFunction((at) => document.querySelector("live-player video").currentTime >= at, at);
});

test("the seller reads what came of it, by the minute", async () => {
  await stall.page.goto(`/sell/${stall.store}/live/${show.id}/diagnosis`);
  await stall.page.locator("svg").first().waitFor();
  await stall.look("diagnosis");
});

/** Before the first show: a cue sheet from the products' own stories, the teleprompter, and a rehearsal with its report. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { mainButton, newShow, press, seller } from "../steps.mjs";

let market, chrome, stall, stranger, show, rehearsal;

before(async () => {
  market = await startMarket("rehearsing");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  stranger = await person(chrome, market, { screen: PHONE });
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const at = (what = "") => `/sell/${stall.store}/live/${show.id}${what}`;

test("a cue sheet is laid out, changed by hand, and a wrong length loses nothing", async () => {
  const { page } = stall;
  show = await newShow(stall);
  await page.goto(at("/cues"));
  await stall.look("cues-none");
  await press(page, page.locator("button[name=minutes][value='10']"));
  assert.ok((await page.locator(".cues > li").count()) >= 4);
  await stall.look("cues");
  const second = page.locator(".cues > li").nth(1);
  await second.locator("textarea").fill("이 나물은 오늘 새벽에 제가 무쳤어요. 가까이 보여 드릴게요.");
  await press(page, second.locator("button[value=save]"));
  const heading = await page.locator(".cues > li h2").nth(1).innerText();
  await press(page, page.locator(".cues > li").nth(1).locator("button[value=down]"));
  assert.match(await page.locator(".cues > li textarea").nth(2).inputValue(), /오늘 새벽에 제가 무쳤어요/, heading);
  stall.expect(/422/);
  await page.locator(".cues > li").nth(2).locator("[name=minutes]").evaluate((field) => ((field.max = ""), (field.value = "999")));
  await press(page, page.locator(".cues > li").nth(2).locator("button[value=save]"));
  assert.match(await page.locator(".cues > li .error").innerText(), /60분/);
  assert.match(await page.locator(".cues > li textarea").nth(2).inputValue(), /오늘 새벽에/);
});

test("the words are read from two metres away and follow the clock", async () => {
  const { page } = stall;
  await page.goto(at("/prompter"));
  await page.locator(".prompter.running").waitFor();
  const words = page.locator(".prompter li:not([hidden]) p");
  assert.ok(parseFloat(await words.evaluate((p) => getComputedStyle(p).fontSize)) >= 48);
  await stall.look("prompter", { whole: false });
  assert.equal(await page.locator(".prompter .left").innerText(), "0:30");
  await page.locator("[data-act=run]").click();
  await page.waitForFunction(() => document.querySelector(".prompter .left").textContent === "0:28");
  await page.locator("[data-act=after]").click();
  assert.notEqual(await page.locator(".prompter li:not([hidden])").getAttribute("data-heading"), "여는 인사");
  await stall.look("prompter-running", { whole: false });
});

test("a crowd that nobody else sees comes into the rehearsal", async () => {
  const { page } = stall;
  await page.goto(at());
  await page.locator('go-live[data-state="ready"]').waitFor();
  await stall.look("studio-before");
  await press(page, page.locator('form[action$="/rehearsal"] button'));
  rehearsal = new URL(page.url()).pathname.split("/").pop();
  await page.locator('go-live[data-state="ready"]').waitFor();
  await page.locator('[data-act="start"]').click();
  await page.locator('go-live[data-state="air"]').waitFor();
  await page.locator("[data-pin]").first().click();
  await page.locator(".chat li", { hasText: "연습 손님" }).first().waitFor();
  stranger.expect(/404/);
  assert.equal((await stranger.page.goto(`/live/${rehearsal}`)).status(), 404);
  await stranger.page.goto("/live");
  assert.ok(!(await stranger.page.content()).includes(rehearsal));
  const question = page.locator(".questions li").first();
  await question.waitFor({ timeout: 60_000 });
  await question.locator("button[value=answered]").click();
  await page.locator(".orders li", { hasText: "주문했어요" }).first().waitFor({ timeout: 60_000 });
  await stall.look("rehearsal");
});

test("the report says how it went, and leads on to the show", async () => {
  const { page } = stall;
  const button = page.locator('[data-act="end"]');
  await button.click();
  await button.click();
  await page.getByRole("heading", { name: "연습을 마쳤어요" }).waitFor();
  await stall.look("rehearsed");
  assert.match(await page.locator("main").innerText(), /보여 준 상품\s*1/);
  await press(page, page.locator("a.button.big"));
  assert.ok(page.url().endsWith(show.id));
});

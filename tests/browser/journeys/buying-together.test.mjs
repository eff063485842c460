/** A stall sells plenty to many: enough come together and pay, too few do and nobody pays, and one who changes their mind. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { mainButton, press, seller, signIn } from "../steps.mjs";

let market, chrome, stall;
const shoppers = [];

before(async () => {
  market = await startMarket("buying-together");
  chrome = await browser();
  stall = await seller(chrome, market);
  for (let at = 0; at < 2; at += 1) {
    const shopper = await person(chrome, market);
    await signIn(shopper);
    shoppers.push(shopper);
  }
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** The minute after the next one in Seoul, as the form has it: between one and two minutes from now. */
const soon = () => new Date(Date.now() + 9 * 3_600_000 + 2 * 60_000).toISOString().slice(0, 16);

/** Opens a group purchase of the goods in this place of the list, and gives its address for shoppers. */
async function open(place, closes, look = "") {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/together/new`);
  if (look) await stall.look(`${look}-new`);
  const goods = page.locator("[name=variant_id]");
  await goods.selectOption({ index: place });
  const usual = Number((await goods.locator("option").nth(place).innerText()).match(/([\d,]+)원/)[1].replaceAll(",", ""));
  await page.locator("[name=pieces_0]").fill("2");
  await page.locator("[name=price_0]").fill(String(usual + 1));
  await page.locator("[name=most]").fill("3");
  await page.locator("[name=words]").fill("어젯밤 배가 두 척이나 들어와서 물건이 넘쳐요.");
  if (closes) await page.locator("[name=closes_at]").fill(closes);
  // Dearer than usual is no offer: it is told, and nothing typed is lost.
  stall.expect(/422/);
  await press(page, mainButton(page));
  await page.locator("#tiers-error:visible").waitFor();
  assert.match(await page.locator("[name=words]").inputValue(), /넘쳐요/);
  if (look) await stall.look(`${look}-refused`);
  await page.locator("[name=price_0]").fill(String(usual - 1_000));
  await page.locator("[name=pieces_1]").fill("3");
  await page.locator("[name=price_1]").fill(String(usual - 1_500));
  await press(page, mainButton(page));
  await page.waitForURL(/\/together\/[^/]+\?just=made/);
  if (look) await stall.look(`${look}-made`);
  return { address: await page.locator('main a[href^="/together/"]').getAttribute("href"), usual };
}

/** Pledges one piece by pickup. */
async function join(shopper, address, look = "") {
  const { page } = shopper;
  await page.goto(address);
  if (look) await shopper.look(`${look}-page`);
  const pickup = page.locator("[name=hand_over][value=pickup]");
  if (await pickup.count()) await pickup.check({ force: true });
  else await page.locator("[name=hand_over][value=parcel]").check({ force: true });
  await page.locator("[name=recipient]").fill("김단골");
  await page.locator("[name=phone]").fill("010-0000-0001");
  if (!(await pickup.count())) {
    await page.locator("[name=postcode]").fill("00000");
    await page.locator("[name=address]").fill("너울포시 등대길 7");
  }
  if (await page.locator("[name=agreed]").count()) await page.locator("[name=agreed]").check({ force: true });
  await press(page, page.locator(".action-bar button"));
  await page.waitForURL(/\/orders\//);
  if (look) await shopper.look(`${look}-pledge`);
  return new URL(page.url()).pathname;
}

test("missed, reached, and taken back", async () => {
  const [jina, minsu] = shoppers;
  // The first will be missed: one piece of two until its deadline, which comes while the second fills.
  const missed = await open(0, soon());
  const alone = await join(jina, missed.address);
  const reached = await open(1, "", "together");
  await jina.page.goto("/together");
  await jina.look("together-all");
  const first = await join(jina, reached.address, "together");
  const second = await join(minsu, reached.address);
  const third = await join(minsu, reached.address);
  // One changes their mind about the third piece: the price goes back to the first step.
  await press(minsu.page, minsu.page.locator('form[action$="/cancellation"] button'));
  await stall.page.goto(`/sell/${stall.store}/together`);
  await stall.look("together-selling");
  await press(stall.page, stall.page.locator('main article a', { hasText: /./ }).first());
  await stall.look("together-ready");
  await press(stall.page, stall.page.locator('form[action$="/closing"] button'));
  await stall.look("together-closed");
  const won = (reached.usual - 1_000).toLocaleString("ko-KR");
  for (const [shopper, order] of [[jina, first], [minsu, second]]) {
    await shopper.page.goto(order);
    await shopper.page.waitForFunction(() => document.querySelector("[aria-current=step], .status, .price-card"), undefined, { timeout: 20_000 });
    await shopper.page.getByText(`${won}원`).first().waitFor();
  }
  await jina.look("together-paid");
  await minsu.page.goto(third);
  await minsu.look("together-taken-back");

  await jina.page.goto(alone);
  const until = Date.now() + 150_000;
  const title = jina.page.locator("main h1");
  while (!/이루어지지 않았어요/.test(await title.innerText()) && Date.now() < until) {
    await jina.page.waitForTimeout(2_000);
    await jina.page.reload();
  }
  assert.match(await title.innerText(), /공동구매가 이루어지지 않았어요/);
  await jina.look("together-missed");
  await jina.page.goto(missed.address);
  await jina.page.getByText("모이지 않아서 아무도 결제하지 않았어요").waitFor();
  await jina.look("together-missed-page");
  // Everybody hears how it went.
  await jina.page.goto("/dev/outbox");
  const letters = await jina.page.locator("main").innerText();
  assert.match(letters, /공동구매가 모였어요/);
  assert.match(letters, /결제된 돈은 없어요/);
  for (const self of [stall, ...shoppers]) assert.deepEqual(self.complaints, []);
});

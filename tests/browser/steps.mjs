/** What people do, in their own words; each step is made of what a hand can do: open, type, press. */
import assert from "node:assert/strict";
import { person } from "./people.mjs";

/** Who lives in the demo market (demo/market.toml): a stallholder who is not on air already, and a shopper. */
export const DEMO = { seller: "010-0000-0012", shopper: "010-0000-0001" };

let people = 0;

/** An address nobody used before. */
export const newAddress = () => `shopper${Date.now() % 1e8}${(people += 1)}@example.com`;

/** Presses and waits until another page has come (the same address counts too). */
export async function press(page, button) {
  await button.scrollIntoViewIfNeeded();
  const comes = page.waitForEvent("domcontentloaded");
  await button.click();
  await comes;
}

/** The one main action of the page: the first plain persimmon button in its main part. */
export const mainButton = (page, within = "main") =>
  page.locator(`${within} button.button:not(.plain):not(.quiet):not(.danger):visible`).first();

/** The newest code that was sent to an address, as the outbox of the demo shows it. A job sends it: it may take a moment. */
export async function codeFor(self, address) {
  const reader = await self.context.newPage();
  const until = Date.now() + 20_000;
  let code;
  do {
    await reader.goto("/dev/outbox");
    const letter = reader.locator("[data-to]", { hasText: address }).first();
    code = await letter.locator("[data-code]").getAttribute("data-code", { timeout: 500 }).catch(() => undefined);
  } while (!code && Date.now() < until);
  const seen = code ? "" : await reader.locator("main").innerText();
  await reader.close();
  assert.match(code ?? "", /^\d{6}$/, `no code for ${address} in the outbox:\n${seen.slice(0, 600)}`);
  return code;
}

/** Signs in by code; a new address goes through the age check and the consents first. */
export async function signIn(self, address = newAddress(), { look = false } = {}) {
  const { page } = self;
  if (!new URL(page.url(), "http://x").pathname.startsWith("/sign-in")) await page.goto("/sign-in");
  if (look) await self.look("sign-in");
  await askForCode(page, address);
  if (look) await self.look("sign-in-code");
  await page.locator("[name=code]").fill(await codeFor(self, address));
  await press(page, mainButton(page));
  if (page.url().includes("/join")) {
    if (look) await self.look("join");
    await join(page);
  }
  self.address = address;
  return self;
}

/** Asks for a code; whoever just had one is told to wait half a minute, and does. */
async function askForCode(page, address) {
  const until = Date.now() + 40_000;
  do {
    if (!page.url().includes("/sign-in")) await page.goto("/sign-in");
    await page.locator("[name=address]").fill(address);
    await press(page, mainButton(page));
    if (await page.locator("[name=code]").count()) return;
    await page.waitForTimeout(2_000);
  } while (Date.now() < until);
}

/** The account form: a name, the age check and the consents that are required, nothing more. */
async function join(page) {
  await page.locator("[name=name]").fill("김단골");
  await page.locator("[name=birth]").fill("19650312");
  for (const box of await page.locator("main input[type=checkbox][required]").all()) await box.check();
  await press(page, mainButton(page));
}

/** A seller of the demo market, signed in on a screen of their own. */
export async function seller(chrome, market, options) {
  const self = await person(chrome, market, options);
  await self.page.goto("/sign-in");
  await signIn(self, DEMO.seller);
  await self.page.goto("/sell");
  const link = await self.page.locator('main a[href^="/sell/"]:not([href="/sell/open"])').first().getAttribute("href");
  self.store = link.split("/")[2];
  return self;
}

/** Answers what the law wants told of a product, question by question as they come, and says how many there were. */
export async function answerQuestions(self) {
  const { page } = self;
  let asked = 0;
  await press(page, page.locator("main a.button.big"));
  while (/\/questions\/./.test(page.url()) && asked < 20) {
    asked += 1;
    const choices = page.locator("main .choice, main .check");
    if (await choices.count()) await choices.first().click();
    else await page.locator("#answer").fill("콩(국산), 천일염(국산)");
    if (asked === 1 || asked === 5) await self.look(`product-question-${asked}`);
    await press(page, mainButton(page));
  }
  return asked;
}

/** Links to products that can be bought, not to those that are gone. */
export const productIn = (page) =>
  page.locator('main .product:not(.gone) a[href^="/products/"]:visible, main a[href^="/products/"]:visible').first();

/** From a product's page to the payment page; what the market remembers is not typed again. */
export async function order(self, { handOver, look = false }) {
  const { page } = self;
  await press(page, page.locator('main form[action$="/buy"] .action-bar button:not([formaction])'));
  await page.waitForURL(/checkout/);
  if (look) await self.look(`checkout-${handOver}`);
  await review(self, handOver);
}

/** Fills in the review of an order, of one store or of several, and presses its button. */
export async function review({ page }, handOver) {
  for (const way of await page.locator(`[name^=hand_over][value=${handOver}]`).all()) {
    if (!(await way.isChecked())) await way.locator("xpath=ancestor::label").click();
  }
  const where = { postcode: "00000", address: "너울포시 등대길 7", address_detail: "2층" };
  const who = { recipient: "김단골", phone: "010-0000-0077", ...(handOver === "parcel" ? where : {}) };
  for (const [name, value] of Object.entries(who)) {
    const field = page.locator(`main [name=${name}]`);
    if (!(await field.inputValue())) await field.fill(value);
  }
  for (const agreed of await page.locator("[name^=agreed]").all()) await agreed.check();
  await press(page, mainButton(page));
  await page.waitForURL(/\/pay\//);
}

/** Presses a button of the sandbox's payment page: approve, decline or silent. */
export async function pay(self, answer, { keep = false, look = false } = {}) {
  const { page } = self;
  await page.waitForURL(/\/pay\//);
  if (keep) await page.locator("[name=keep]").check();
  if (look) await self.look(`pay-${answer}`);
  await press(page, page.locator(`main button[value=${answer}]`));
}

/** Reloads until something is there: a payment company tells us in its own time. */
export async function until(page, there) {
  const end = Date.now() + 30_000;
  while (!(await page.locator(there).count())) {
    assert.ok(Date.now() < end, `${there} never came on ${page.url()}`);
    await page.waitForTimeout(500);
    await page.reload();
  }
}

/** From the store's page to the studio of a new show, as few taps as the pages allow; they are counted. */
export async function newShow(self) {
  const { page } = self;
  await page.goto(`/sell/${self.store}`);
  let taps = 0;
  while (!(await page.locator("go-live").count()) && taps < 6) {
    for (const input of await page.locator("main input[required]:visible").all()) {
      if (!(await input.inputValue())) await input.fill("오늘 아침 고등어");
    }
    const onwards = taps === 0
      ? page.locator(`main a[href$="/${self.store}/live"]:visible, nav a[href$="/${self.store}/live"]:visible`).first()
      : mainButton(page);
    await press(page, onwards);
    taps += 1;
  }
  const studio = page.locator("go-live");
  const read = (name) => studio.getAttribute(`data-${name}`);
  return { id: await read("broadcast"), whip: await read("whip"), key: await read("key"), taps };
}

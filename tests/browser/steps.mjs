/** What people do, in their own words; each step is made of what a hand can do: open, type, press. */
import assert from "node:assert/strict";
import { person } from "./people.mjs";

/** Who lives in the demo market (demo/market.toml): a stallholder, and a shopper who has bought before. */
export const DEMO = { seller: "010-0000-0011", shopper: "010-0000-0001" };

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

/** The newest code that was sent to an address, as the outbox of the demo shows it. */
export async function codeFor(self, address) {
  const reader = await self.context.newPage();
  await reader.goto("/dev/outbox");
  const letter = reader.locator("[data-to]", { hasText: address }).first();
  const code = await letter.locator("[data-code]").getAttribute("data-code", { timeout: 5_000 }).catch(() => undefined);
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
  await page.locator("[name=address]").fill(address);
  await press(page, mainButton(page));
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

/** Links to products that can be bought, not to those that are gone. */
export const productIn = (page) =>
  page.locator('main .product:not(.gone) a[href^="/products/"]:visible, main a[href^="/products/"]:visible').first();

/** From a product's page to the payment page; the address is typed once and remembered by the market. */
export async function order(self, { handover, look = false }) {
  const { page } = self;
  for (const group of await page.locator("main fieldset:visible:has(input[type=radio])").all()) {
    if (!(await group.locator("input:checked").count())) await group.locator("label").first().click();
  }
  await page.locator("main [data-buy]:visible, main button[name=buy]:visible, main .action-bar button:visible").first().click();
  await page.waitForURL(/checkout|pay/);
  if (look) await self.look(`checkout-${handover}`);
  const way = page.locator(`main input[value="${handover}"]`);
  if (await way.count()) await way.first().check({ force: true });
  const answers = { name: "김단골", phone: "01000000077", postcode: "00000", address: "너울포시 등대길 7", detail: "2층" };
  for (const input of await page.locator("main input[required]:visible, main textarea[required]:visible").all()) {
    const kind = await input.getAttribute("type");
    if (kind === "radio") continue;
    if (kind === "checkbox") { await input.check(); continue; }
    const name = await input.getAttribute("name");
    if (!(await input.inputValue())) await input.fill(answers[Object.keys(answers).find((key) => name.includes(key))] ?? "단골");
  }
  await press(page, mainButton(page));
  await page.waitForURL(/\/pay\//);
}

/** Presses a button of the sandbox payment page: approve, decline or timeout. */
export async function pay(self, outcome, { look = false } = {}) {
  const { page } = self;
  await page.waitForURL(/\/pay\//);
  if (look) await self.look(`pay-${outcome}`);
  await press(page, page.locator(`main button[value="${outcome}"]`).first());
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

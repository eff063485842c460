/** Sign-in by code, the age check and the consents, and the devices a person sees and signs out. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, DESK, person } from "../people.mjs";
import { codeFor, mainButton, newAddress, press, signIn } from "../steps.mjs";

let market, chrome;

before(async () => {
  market = await startMarket("signing-in");
  chrome = await browser();
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

test("a new shopper signs in by code, says yes only to what is needed, and is in", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper, newAddress(), { look: true });
  await shopper.page.goto("/me");
  assert.equal(new URL(shopper.page.url()).pathname, "/me");
  await shopper.look("me");
  await shopper.leave();
});

test("a wrong code is refused beside its field, and the right one still works", async () => {
  const shopper = await person(chrome, market);
  shopper.expect(/4(00|01|09|22)/);
  const address = newAddress();
  await shopper.page.goto("/sign-in");
  await shopper.page.locator("main input:not([type=hidden]):visible").first().fill(address);
  await press(shopper.page, mainButton(shopper.page));
  const code = await codeFor(shopper, address);
  const wrong = code === "000000" ? "111111" : "000000";
  const field = shopper.page.locator("main input:not([type=hidden]):visible").first();
  await field.fill(wrong);
  await mainButton(shopper.page).click();
  await shopper.page.locator("[role=alert]:visible, .error:visible").first().waitFor();
  await shopper.look("sign-in-wrong-code");
  await shopper.page.locator("main input:not([type=hidden]):visible").first().fill(code);
  await press(shopper.page, mainButton(shopper.page));
  assert.doesNotMatch(shopper.page.url(), /sign-in/);
  await shopper.leave();
});

test("a person sees two devices and signs the other one out", async () => {
  const phone = await person(chrome, market);
  const address = newAddress();
  await signIn(phone, address);
  const desk = await person(chrome, market, { screen: DESK });
  await signIn(desk, address);
  await phone.page.goto("/me");
  const others = phone.page.locator('main form[action*="device"] button, main form[action*="session"] button');
  assert.ok((await others.count()) >= 1, "no device can be signed out");
  await press(phone.page, others.first());
  await phone.look("me-devices");
  await desk.page.goto("/me");
  assert.match(desk.page.url(), /sign-in/, "the other device is still signed in");
  await phone.leave();
  await desk.leave();
});

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
  await shopper.page.locator("[name=address]").fill(address);
  await press(shopper.page, mainButton(shopper.page));
  const code = await codeFor(shopper, address);
  const wrong = code === "000000" ? "111111" : "000000";
  await shopper.page.locator("[name=code]").fill(wrong);
  await press(shopper.page, mainButton(shopper.page));
  await shopper.page.locator("#code-error:visible").waitFor();
  await shopper.look("sign-in-wrong-code");
  await shopper.page.locator("[name=code]").fill(code);
  await press(shopper.page, mainButton(shopper.page));
  assert.doesNotMatch(shopper.page.url(), /sign-in/);
  await shopper.leave();
});

test("somebody of thirteen is told that a guardian is needed, and nothing typed is lost", async () => {
  const child = await person(chrome, market);
  child.expect(/4(03|09|22)/);
  const address = newAddress();
  await child.page.goto("/sign-in");
  await child.page.locator("[name=address]").fill(address);
  await press(child.page, mainButton(child.page));
  await child.page.locator("[name=code]").fill(await codeFor(child, address));
  await press(child.page, mainButton(child.page));
  await child.page.locator("[name=name]").fill("어린단골");
  await child.page.locator("[name=birth]").fill(`${new Date().getFullYear() - 12}0101`);
  for (const box of await child.page.locator("main input[type=checkbox][required]").all()) await box.check();
  await press(child.page, mainButton(child.page));
  assert.match(child.page.url(), /join/);
  assert.equal(await child.page.locator("[name=name]").inputValue(), "어린단골");
  await child.look("join-too-young");
  await child.leave();
});

test("a person sees two devices and signs the other one out", async () => {
  const phone = await person(chrome, market);
  const address = newAddress();
  await signIn(phone, address);
  const desk = await person(chrome, market, { screen: DESK });
  await signIn(desk, address);
  await phone.page.goto("/me");
  await phone.look("me-two-devices");
  const others = phone.page.locator('form[action^="/me/devices/"][action$="/sign-out"]:not([action="/me/devices/sign-out"]) button');
  assert.equal(await others.count(), 1, "one other device can be signed out");
  await press(phone.page, others.first());
  assert.equal(await others.count(), 0, "the other device is gone from the list");
  await desk.page.goto("/me");
  assert.match(desk.page.url(), /sign-in/, "the other device is still signed in");
  await phone.leave();
  await desk.leave();
});

/** A shopper types first sounds, takes a suggestion, narrows down, finds nothing and is helped; the same without JavaScript. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { NARROW, browser, person } from "../people.mjs";
import { press } from "../steps.mjs";

let market, chrome;

before(async () => {
  market = await startMarket("searching");
  chrome = await browser();
  await indexed();
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

/** The index takes in what the demo wrote within a second or two. */
async function indexed() {
  const until = Date.now() + 20_000;
  let found;
  do {
    found = await (await fetch(`${market.base}/api/v1/search?q=${encodeURIComponent("고등어")}`)).json();
  } while (!found.items?.length && Date.now() < until);
  assert.ok(found.items?.length, "the demo's mackerel was not found");
}

test("first sounds, a suggestion, and fewer results", async () => {
  const shopper = await person(chrome, market);
  const { page } = shopper;
  await page.goto("/");
  const box = page.getByRole("main").locator("search-box input[type=search]");
  await box.focus();
  await page.locator("search-box [role=combobox]").waitFor();
  await box.pressSequentially("ㄱㄷㅇ");
  const options = page.locator("[role=listbox] [role=option]");
  await options.first().waitFor();
  assert.match(await options.first().innerText(), /고등어/);
  await shopper.look("search-suggestions", { whole: false });
  await box.press("ArrowDown");
  assert.equal(await options.first().getAttribute("aria-selected"), "true");
  await box.press("Escape");
  assert.equal(await box.getAttribute("aria-expanded"), "false");
  await box.press("ArrowDown");
  await options.first().waitFor();
  await box.press("ArrowDown");
  await box.press("Enter");
  await page.waitForURL("**/search?*");
  assert.ok(await page.locator(".goods .product").count(), "nothing was found");
  await shopper.look("search-results");
  await page.goto(`/search?q=${encodeURIComponent("만두")}`);
  await page.locator(".narrowing > summary").click();
  await shopper.look("search-narrowing");
  await page.locator(".facets details[open] a").first().click();
  await page.waitForURL("**/search?*category*");
  await page.locator(".chips a").first().waitFor();
  await shopper.look("search-narrowed");
  await page.locator(".chips a").first().click();
  await page.waitForURL((url) => !url.search.includes("category"));
  await shopper.leave();
});

test("the other keyboard is asked back, and nothing found is no dead end", async () => {
  const shopper = await person(chrome, market, { screen: NARROW });
  const { page } = shopper;
  await page.goto("/search?q=rhemddj");
  await page.getByText("찾으신 게 ‘고등어’인가요?").waitFor();
  await shopper.look("search-keyboard");
  await page.goto(`/search?q=${encodeURIComponent("우주선")}`);
  await page.getByText("찾지 못했어요").waitFor();
  await shopper.look("search-nothing");
  await page.locator(".chips a").first().click();
  await page.waitForURL("**/search?*category*");
  await shopper.leave();
});

test("without JavaScript it is a form", async () => {
  const shopper = await person(chrome, market, { javascript: false });
  const { page } = shopper;
  await page.goto("/");
  await page.locator("search-box input[type=search]").fill("고등어");
  await press(page, page.locator("search-box button"));
  assert.match(page.url(), /\/search\?q=/);
  assert.ok(await page.locator(".goods .product").count());
  await shopper.look("search-plain");
  await shopper.leave();
});

/** Every public page on the narrowest screen, in the dark, in English, and without JavaScript. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, DESK, NARROW, person, PHONE } from "../people.mjs";
import { publicPages } from "../places.mjs";

let market, chrome, pages;

before(async () => {
  market = await startMarket("every-page");
  chrome = await browser();
  pages = await publicPages(market);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

async function lookAtAll(name, options) {
  const visitor = await person(chrome, market, options);
  for (const [page, path] of Object.entries(pages)) {
    const answer = await visitor.page.goto(path);
    assert.equal(answer.status(), 200, `${path} answered ${answer.status()}`);
    await visitor.look(`page-${page}-${name}`);
  }
  await visitor.leave();
}

test("on a phone", () => lookAtAll("phone", { screen: PHONE }));
test("at 320 px, which is 200 % zoom of a small window", () => lookAtAll("narrow", { screen: NARROW }));
test("on a desk", () => lookAtAll("desk", { screen: DESK }));
test("in the dark", () => lookAtAll("dark", { screen: PHONE, dark: true }));
test("in English", () => lookAtAll("english", { screen: PHONE, language: "en-US" }));

test("with letters of twice the size", async () => {
  const visitor = await person(chrome, market, { screen: PHONE });
  for (const [page, path] of Object.entries(pages)) {
    await visitor.page.goto(path);
    // What Android's largest letters do: the root grows, and everything measured in rem with it.
    await visitor.page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
    await visitor.look(`page-${page}-large`, { axe: false });
  }
  await visitor.leave();
});

test("without JavaScript every page reads", async () => {
  const visitor = await person(chrome, market, { screen: PHONE, javascript: false });
  for (const [page, path] of Object.entries(pages)) {
    await visitor.page.goto(path);
    assert.ok((await visitor.page.locator("h1").first().innerText()).trim(), `${path} has no heading`);
    assert.ok((await visitor.page.locator("main").innerText()).length > 20, `${path} says nothing`);
    await visitor.look(`page-${page}-without-script`, { axe: false });
  }
  await visitor.leave();
});

test("a page that is not there says so and offers a way on", async () => {
  const visitor = await person(chrome, market);
  visitor.expect(/404/);
  for (const path of ["/stores/no-such-store", "/products/0", "/live/no-such-show", "/nowhere"]) {
    const answer = await visitor.page.goto(path);
    assert.equal(answer.status(), 404, path);
    assert.ok(await visitor.page.locator("main a, main button").count(), `${path} leaves people standing`);
  }
  await visitor.look("page-not-found");
  await visitor.leave();
});

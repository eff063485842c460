// What a seller and a shopper touch beside the live pages: photos, the bell, counting, sharing.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { launch, phone, serve } from "./house.mjs";
import { accept } from "./socket.mjs";

let server, base, browser, line;
let uploaded = "";
const bell = new Promise((heard) => (globalThis.heard = heard));

before(async () => {
  ({ server, base } = await serve(async (path, request, response) => {
    if (path === "/photos") {
      return `<form method="post" action="/save" enctype="multipart/form-data"><p role="alert" hidden></p><input id="title" name="title" value="고등어"><p class="error" id="title-error" hidden><span data-slot="detail"></span></p><photo-picker data-most="3" data-limit-mb="1" data-too-many="most {}" data-too-big="{} big" data-not-a-photo="{} no photo" data-failed="failed">
<ul class="photos"><li><img alt=""><input type="hidden" name="photo_order" value="old"><button type="button" data-move="-1">up</button><button type="button" data-remove>x</button></li></ul>
<label class="drop"><input type="file" name="photos" multiple accept="image/*"></label><progress hidden></progress><p class="error" hidden></p>
<template data-row="photo"><li><img alt=""><input type="hidden" name="photo_order" data-attr="value:id"><button type="button" data-move="-1">up</button><button type="button" data-remove>x</button></li></template></photo-picker><button>save</button></form>`;
    }
    if (path === "/save") {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      uploaded = Buffer.concat(pieces).toString("latin1");
      if (uploaded.includes("refuse me")) {
        response.writeHead(422, { "content-type": "text/html; charset=utf-8" });
        return void response.end('<!doctype html><main><div class="notice bad" role="alert"><p>값을 고쳐 주세요.</p></div><input id="title" name="title" aria-invalid="true"><p class="error" id="title-error"><span data-slot="detail">너무 길어요.</span></p></main>');
      }
      return void response.writeHead(303, { location: "/saved" }).end();
    }
    if (path === "/saved") return "saved";
    if (path === "/bell") {
      return `<order-bell data-socket="/socket"><output data-format="{} new"></output><p class="none">none</p><ul class="orders"></ul><template data-row="order"><li><b data-slot="number"></b> <span data-slot="total_won" data-format="{}원"></span></li></template></order-bell>`;
    }
    return `<div class="quantity"><button type="button" data-step="-1">-</button><input name="quantity" value="1" min="1" max="3"><button type="button" data-step="1">+</button></div>
<share-button data-url="/products/1" data-done="copied"><button>share</button><output></output></share-button>`;
  }));
  server.on("upgrade", (request, socket) => {
    line = accept(request, socket);
    globalThis.heard();
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** A noisy PNG of this size is made in the page, and chosen there as a hand would: 5 MB stay in the browser. */
const choose = (page, name, width, height) => page.evaluate(async ([called, w, h]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h });
  const paint = canvas.getContext("2d");
  const dots = paint.createImageData(w, h);
  for (let at = 0; at < dots.data.length; at += 65_536) crypto.getRandomValues(dots.data.subarray(at, Math.min(at + 65_536, dots.data.length)));
  for (let at = 3; at < dots.data.length; at += 4) dots.data[at] = 255;
  paint.putImageData(dots, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const carried = new DataTransfer();
  carried.items.add(new File([blob], called, { type: "image/png" }));
  const input = document.querySelector("[type=file]");
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return blob.size;
}, [name, width, height]);
/** A picture of 20 by 20, as a file. */
const DOT = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAABQAAAAUCAIAAAAC64paAAAAGklEQVR42mM4EaBBNmIY1TyqeVTzqOaB1QwArJz0EGx22LwAAAAASUVORK5CYII=", "base64");
const picture = (name) => ({ name, mimeType: "image/png", buffer: DOT });

test("photos are shown, ordered, bounded and sent in their order; a text is refused", async () => {
  const page = await phone(browser, `${base}/photos`);
  const rows = page.locator(".photos li");
  await page.setInputFiles("[type=file]", [{ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no") }]);
  await page.locator("photo-picker .error").waitFor();
  assert.equal(await page.locator("photo-picker .error").textContent(), "a.txt no photo");
  await page.setInputFiles("[type=file]", [picture("a.png"), picture("b.png"), picture("c.png")]);
  await page.waitForFunction(() => document.querySelectorAll(".photos li").length === 3);
  assert.equal(await page.locator("photo-picker .error").textContent(), "most 3");
  assert.equal(await page.locator(".drop").isVisible(), false);
  await rows.nth(2).locator("[data-move]").click();
  await rows.nth(1).locator("[data-move]").click();
  assert.deepEqual(await page.$$eval("[name=photo_order]", (all) => all.map((one) => one.value)), ["new", "old", "new"]);
  assert.deepEqual(await page.$eval("[type=file]", (input) => [...input.files].map((file) => file.name)), ["b.png", "a.png"]);
  await rows.nth(1).locator("[data-remove]").click();
  await page.fill("[name=title]", "refuse me");
  await page.locator("form > button").click();
  await page.locator("#title-error").waitFor();
  assert.equal(await page.locator("#title-error").textContent(), "너무 길어요.");
  assert.equal(await page.locator("[role=alert]").textContent(), "값을 고쳐 주세요.");
  assert.equal(await rows.count(), 2, "nothing chosen is lost");
  await page.fill("[name=title]", "고등어");
  await page.locator("form > button").click();
  await page.waitForURL("**/saved");
  assert.ok(uploaded.indexOf('filename="b.png"') > 0 && uploaded.indexOf('filename="b.png"') < uploaded.indexOf('filename="a.png"'));
  assert.ok(!uploaded.includes("\r\nold\r\n"));
  await page.close();
});

test("a large photo is made smaller before it travels", async () => {
  const page = await phone(browser, `${base}/photos`);
  await page.evaluate(() => (document.querySelector("photo-picker").dataset.limitMb = "3"));
  const size = await choose(page, "large.png", 2400, 800);
  assert.ok(size > 4_000_000, `${size}`);
  // It stands there at once, and is made smaller behind the picture.
  await page.waitForFunction(() => document.querySelectorAll(".photos li").length === 2);
  await page.waitForFunction(() => document.querySelector("[type=file]").files[0]?.name === "large.jpg");
  const sent = await page.$eval("[type=file]", (input) => input.files[0].size);
  assert.ok(sent < 3_000_000, `${sent}`);
  await page.close();
});

test("a new order rings once, is spoken and stands on top", async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(40_000);
  await page.addInitScript(() => {
    globalThis.spoken = [];
    Object.defineProperty(window, "speechSynthesis", { value: { speak: (said) => spoken.push(`${said.lang} ${said.text}`) } });
  });
  await page.goto(`${base}/bell`);
  await bell;
  const order = (n) => ({ type: "order", id: `o${n}`, number: `A-${n}`, total_won: 12000 * n, said: `주문 들어왔어요, ${n}번`, lines: [] });
  line.send(order(1));
  line.send(order(1));
  line.send(order(2));
  await page.waitForFunction(() => spoken.length === 2);
  assert.deepEqual(await page.evaluate(() => spoken), ["ko-KR 주문 들어왔어요, 1번", "ko-KR 주문 들어왔어요, 2번"]);
  assert.deepEqual(await page.locator(".orders li").allTextContents(), ["A-2 24,000원", "A-1 12,000원"]);
  assert.equal(await page.locator("output").textContent(), "2 new");
  assert.equal(await page.locator(".none").isVisible(), false);
  await page.close();
});

test("the quantity counts inside its bounds, and sharing copies where there is no sheet", async () => {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  await page.goto(`${base}/product`);
  await page.waitForFunction(() => document.documentElement.classList.contains("js"));
  for (let n = 0; n < 4; n++) await page.locator("[data-step='1']").click();
  assert.equal(await page.inputValue("[name=quantity]"), "3");
  for (let n = 0; n < 4; n++) await page.locator("[data-step='-1']").click();
  assert.equal(await page.inputValue("[name=quantity]"), "1");
  await page.evaluate(() => delete Navigator.prototype.share);
  await page.locator("share-button button").click();
  await page.waitForFunction(() => document.querySelector("share-button output").textContent === "copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${base}/products/1`);
  await context.close();
});

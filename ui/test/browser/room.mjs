// The room in real Chromium: the socket's frames on the page, pins held for their frame, forms that stay, the sheet, the replay.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { body, eventually, launch, phone, serve } from "./house.mjs";
import { accept } from "./socket.mjs";

const ROOM = `
<p class="lost" hidden>lost</p>
<p class="viewers"><output>0</output></p>
<ol class="chat" role="log"></ol><button class="newest" hidden>newest</button>
<div class="pinned"></div><b data-stock="v1" data-format="{}개" data-none="none">9개</b>
<p data-when="ended" hidden>over</p><p class="sponsor">paid by</p>
<form data-stay data-clear action="/chat" method="post"><p role="alert" hidden></p><input name="text" required><input type="hidden" name="key"><button>send</button></form>
<form data-stay data-kind="heart" action="/reactions" method="post"><button name="kind" value="heart">❤️</button><output></output></form>
<div class="interactions" data-closed="over" data-winners="won: {}" data-won="you won" data-given-draw="ticket {}" data-seconds="{} s"></div>
<template data-row="interaction-announcement"><p data-attr="data-interaction:id" data-kind="announcement" data-slot="said"></p></template>
<template data-row="interaction-poll"><article data-attr="data-interaction:id" data-kind="poll"><b data-slot="said"></b><output class="people"></output><output class="countdown" data-attr="data-closes:closes_at_ms" data-if="closes_at_ms"></output><form data-stay method="post" data-attr="action:answer"><div class="options"></div><p role="alert" hidden></p></form><p class="given" hidden></p></article></template>
<template data-row="interaction-draw"><article data-attr="data-interaction:id" data-kind="draw"><form data-stay method="post" data-attr="action:answer"><input type="hidden" name="ticket"><button name="choice" value="0">in</button></form><p class="given" hidden></p><a class="proof" data-attr="href:proof" hidden>proof</a></article></template>
<template data-row="interaction-choice"><button name="choice" data-attr="value:place data-choice:place"><span data-slot="words"></span><output></output></button></template>
<template data-row="chat"><li data-class="from"><b class="who" data-slot="name"></b><span data-slot="text"></span></li></template>
<template data-row="pin"><article><p class="name" data-slot="name"></p><p class="won" data-slot="price_won" data-format="{}원"></p><p class="origin" data-if="origin" data-slot="origin"></p><a data-attr="href:url" data-buy>buy</a></article></template>`;
const PRODUCT = { id: "p1", name: "고등어", price_won: 12000, stock: 3, origin: "", photo: "x", url: "/products/p1" };
const said = (n) => ({ type: "chat", id: `c${n}`, name: "영희", text: `말 ${n} <b>`, at_ms: n, from: "shopper" });

let server, base, browser;
let lines = [];
/** While set, nobody gets through. */
let shut = false;
const posts = [];
const answers = [];
/** What a room hears before its hello is gathered. */
let early = [];
let hello = { type: "hello", viewers: 1234, stage: "live", pinned: null, chat: [said(1), said(2)] };

before(async () => {
  ({ server, base } = await serve(async (path, request, response) => {
    if (path === "/chat") {
      posts.push({ text: await body(request), key: request.headers["idempotency-key"], accept: request.headers.accept });
      await new Promise((later) => setTimeout(later, 150));
      if (posts.length === 2) return void response.writeHead(422, { "content-type": "application/problem+json" }).end('{"title":"너무 길어요.","detail":"줄여 주세요.","fields":[{"field":"text","detail":"200자까지예요."}]}');
      return void response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }
    if (path.endsWith("/answer")) {
      const asked = new URLSearchParams(await body(request));
      const [, , , interaction] = path.split("/");
      answers.push({ ticket: asked.get("ticket"), choice: asked.get("choice") });
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ interaction, choice: Number(asked.get("choice")), ticket: asked.get("ticket") ?? "", code: null }));
    }
    if (path === "/reactions") return void response.writeHead(200, { "content-type": "application/json" }).end("{}");
    if (path === "/products/p1") {
      assert.equal(request.headers["x-fragment"], "1");
      return void response.writeHead(200, { "content-type": "text/html" }).end('<h2>사기</h2><form data-stay data-fragment action="/orders" method="post"><input type="hidden" name="key"><button>order</button></form>');
    }
    if (path === "/orders") return void response.writeHead(200, { "content-type": "text/html" }).end('<h2 role="status">주문했어요</h2>');
    if (path === "/replay.json") {
      const events = [{ ...said(1), at_ms: 1000 }, { type: "pin", at_ms: 2000, product: PRODUCT }, { ...said(2), at_ms: 3000 }, { type: "unpin", at_ms: 4000 }];
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ events }));
    }
    if (path === "/replay") return `<live-room data-replay="/replay.json">${ROOM}</live-room>`;
    if (path === "/studio") return `<live-room data-socket="/socket">${ROOM}<button data-pin="p1">pin</button></live-room>`;
    return `<live-room data-socket="/socket"><live-player data-base="/media/x" data-mode="live"><video></video></live-player>${ROOM}</live-room>
<buy-sheet><dialog class="sheet" aria-label="buy"><button data-close>close</button><div class="sheet-body"></div></dialog></buy-sheet>`;
  }));
  server.on("upgrade", (request, socket) => {
    if (shut) return void socket.destroy();
    const line = accept(request, socket);
    lines.push(line);
    for (const frame of early) line.send(frame);
    line.send(hello);
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
});
async function enter(path = "/live") {
  lines = [];
  const page = await phone(browser, base + path);
  await page.waitForFunction(() => document.querySelectorAll(".chat li").length === 2);
  return page;
}
const tell = (frame) => lines.at(-1).send(frame);

test("what the socket says stands on the page, and words are never markup", async () => {
  const page = await enter();
  assert.equal(await page.locator(".viewers output").textContent(), "1,234");
  assert.equal(await page.locator(".chat li").first().textContent(), "영희말 1 <b>");
  assert.ok(await page.locator(".chat li.from-shopper").first().isVisible());
  tell({ type: "something-new" });
  tell({ type: "viewers", count: 7 });
  tell({ type: "stock", variant: "v1", left: 2 });
  tell({ type: "hidden", id: "c1" });
  tell({ type: "reactions", counts: { heart: 3 } });
  await page.waitForFunction(() => document.querySelector(".viewers output").textContent === "7" && document.querySelectorAll(".float").length === 3);
  assert.equal(await page.locator("[data-stock]").textContent(), "2개");
  assert.equal(await page.locator(".chat li").count(), 1);
  tell({ type: "stock", variant: "v1", left: 0 });
  tell({ type: "stage", stage: "ended" });
  await page.locator("[data-when]").waitFor();
  assert.equal(await page.locator("[data-stock]").textContent(), "none");
  await page.close();
});

test("a hello that is older than what was heard before it takes nothing back", async () => {
  early = [{ type: "stage", stage: "ended" }, { type: "pin", at_ms: 1, product: PRODUCT }];
  const page = await enter("/studio");
  await page.locator("[data-when]").waitFor();
  await page.locator(".pinned article").waitFor();
  // Of the next connection only what came on it counts.
  early = [];
  lines.at(-1).close(1012);
  await page.locator("[data-when]").waitFor({ state: "hidden" });
  await page.locator(".pinned article").waitFor({ state: "detached" });
  await page.close();
});

test("two hundred rows stay, and the reader who went up is left alone", async () => {
  const page = await enter();
  await page.evaluate(() => Object.assign(document.querySelector(".chat").style, { height: "300px", overflow: "auto", display: "block" }));
  for (let n = 10; n < 310; n++) tell(said(n));
  await page.waitForFunction(() => document.querySelector(".chat li:last-child")?.textContent.includes("말 309 "));
  assert.equal(await page.locator(".chat li").count(), 200);
  const bottom = () => page.evaluate(() => { const c = document.querySelector(".chat"); return c.scrollHeight - c.scrollTop - c.clientHeight; });
  assert.ok((await bottom()) < 5);
  await page.evaluate(() => new Promise((up) => {
    document.querySelector(".chat").addEventListener("scroll", up, { once: true });
    document.querySelector(".chat").scrollTop = 0;
  }));
  tell(said(999));
  await page.locator(".newest").waitFor();
  assert.ok((await bottom()) > 1000);
  await page.locator(".newest").click();
  assert.ok((await bottom()) < 5);
  await page.close();
});

test("a pin waits for its frame", async () => {
  const page = await enter();
  const clock = (at) => page.evaluate((at_ms) => {
    const player = document.querySelector("live-player");
    Object.defineProperty(player, "atMs", { get: () => at_ms, configurable: true });
    player.dispatchEvent(new CustomEvent("media-clock", { bubbles: true, detail: { at_ms } }));
  }, at);
  // Far ahead: without a picture a pin would be let go a few seconds after its time.
  const now = Date.now() + 600_000;
  await clock(now - 1000);
  tell({ type: "pin", at_ms: now, product: PRODUCT });
  tell({ type: "viewers", count: 42 });
  await page.waitForFunction(() => document.querySelector(".viewers output").textContent === "42");
  await clock(now - 1);
  assert.equal(await page.locator(".pinned article").count(), 0);
  await clock(now + 1);
  assert.equal(await page.locator(".pinned .name").textContent(), "고등어");
  assert.equal(await page.locator(".pinned .won").textContent(), "12,000원");
  assert.equal(await page.locator(".pinned .origin").count(), 0);
  tell({ type: "unpin", at_ms: now + 500 });
  await clock(now + 600);
  await page.waitForFunction(() => !document.querySelector(".pinned article"));
  await page.close();
});

test("who paid is named when somebody comes, every five minutes, and at the end", async () => {
  const page = await enter();
  const named = async (at) => {
    await page.evaluate((at_ms) => document.querySelector("live-room").dispatchEvent(new CustomEvent("media-clock", { detail: { at_ms } })), at);
    return page.locator(".sponsor").isVisible();
  };
  assert.ok(await page.locator(".sponsor").isVisible(), "also without a picture");
  const from = 300_000 * 5_000 + 60_000;
  assert.equal(await named(from), true);
  assert.equal(await named(from + 9_000), true);
  assert.equal(await named(from + 11_000), false);
  assert.equal(await named(from + 239_000), false);
  assert.equal(await named(from + 241_000), true);
  assert.equal(await named(from + 251_000), false);
  tell({ type: "stage", stage: "ended" });
  await page.locator(".sponsor").waitFor();
  assert.equal(await named(from + 252_000), true);
  await page.close();
});

const poll = (at_ms, more = {}) => ({ type: "interaction", id: "i1", kind: "poll", at_ms, said: "어느 쪽? <b>", choices: ["왼쪽", "오른쪽"], counts: [0, 0], people: 0, quantity: 0, closes_at_ms: null, ...more });

test("a poll opens with its frame, is answered once, and its end is told at once", async () => {
  const page = await enter();
  const clock = (at) => page.evaluate((at_ms) => {
    const player = document.querySelector("live-player");
    Object.defineProperty(player, "atMs", { get: () => at_ms, configurable: true });
    player.dispatchEvent(new CustomEvent("media-clock", { bubbles: true, detail: { at_ms } }));
  }, at);
  const now = Date.now() + 600_000;
  await clock(now - 1000);
  tell(poll(now));
  tell({ type: "viewers", count: 42 });
  await page.waitForFunction(() => document.querySelector(".viewers output").textContent === "42");
  assert.equal(await page.locator("[data-kind=poll]").count(), 0);
  await clock(now + 1);
  assert.equal(await page.locator("[data-kind=poll] b").textContent(), "어느 쪽? <b>");
  tell({ type: "tally", id: "i1", counts: [3, 1], people: 4 });
  await page.waitForFunction(() => document.querySelector(".people").textContent === "4");
  assert.equal(await page.locator("[data-choice='0']").evaluate((node) => node.style.getPropertyValue("--share")), "0.750");
  await page.locator("[data-choice='1']").click();
  await page.locator("[data-choice='1'][aria-pressed=true]:disabled").waitFor();
  assert.equal(answers.at(-1).choice, "1");
  // The state told anew takes nothing away, and shows nothing twice.
  hello = { ...hello, interactions: [poll(now, { counts: [3, 2], people: 5 })] };
  lines.at(-1).close(1012);
  await page.waitForFunction(() => document.querySelector(".people").textContent === "5");
  assert.equal(await page.locator("[data-kind=poll]").count(), 1);
  assert.equal(await page.locator("[data-choice='1'][aria-pressed=true]").count(), 1);
  tell({ ...poll(now), type: "interaction-closed", at_ms: now + 9_000, counts: [3, 3], people: 6, winners: [], answer: null });
  await page.locator("[data-kind=poll][data-closed]").waitFor();
  assert.equal(await page.locator(".given").textContent(), "over");
  // What is closed before its frame came is shown with its end.
  tell({ ...poll(now + 60_000), id: "i2" });
  tell({ ...poll(now), id: "i2", type: "interaction-closed", counts: [1, 0], people: 1, winners: [], answer: null });
  await page.locator("[data-interaction=i2][data-closed]").waitFor();
  assert.equal(await page.locator("[data-interaction=i1]").count(), 0);
  hello = { ...hello, interactions: [] };
  await page.close();
});

test("a ticket is this browser's own, and its winning is told", async () => {
  const page = await enter("/studio");
  const draw = { ...poll(1), id: "d1", kind: "draw", choices: [], counts: [0] };
  tell(draw);
  await page.locator("[data-kind=draw] button").click();
  await page.locator("[data-kind=draw] button:disabled").waitFor();
  const { ticket } = answers.at(-1);
  assert.match(ticket, /^[0-9a-f]{32}$/);
  assert.equal(await page.locator(".given").textContent(), `ticket ${ticket}`);
  tell({ ...draw, type: "interaction-closed", counts: [2], people: 2, winners: [{ ticket, name: "영*" }] });
  await page.locator("[data-kind=draw] .proof:visible").waitFor();
  assert.equal(await page.locator(".given").textContent(), "you won");
  await page.close();
});

test("in the studio nothing is held, and the button of the pinned product is pressed", async () => {
  const page = await enter("/studio");
  tell({ type: "pin", at_ms: Date.now() + 60_000, product: PRODUCT });
  await page.locator(".pinned article").waitFor();
  assert.equal(await page.locator("[data-pin]").getAttribute("aria-pressed"), "true");
  await page.close();
});

test("a lost line comes back, and the hello is the truth", async () => {
  const page = await enter();
  hello = { ...hello, viewers: 5, pinned: PRODUCT, chat: [said(2), said(7)] };
  await page.evaluate(() => (document.querySelector("[data-id=c2]").title = "the same row"));
  shut = true;
  lines.at(-1).close(1013);
  await page.locator(".lost").waitFor();
  shut = false;
  await page.waitForFunction(() => document.querySelector(".viewers output").textContent === "5");
  await page.locator("[data-id=c7]").waitFor();
  const rows = await page.$$eval(".chat li", (all) => all.map((row) => [row.dataset.id, row.title]));
  assert.deepEqual(rows, [["c2", "the same row"], ["c7", ""]], "what stands stays, what is gone goes");
  assert.equal(await page.locator(".lost").isVisible(), false);
  assert.ok(await page.locator(".pinned article").isVisible());
  tell({ type: "resync" });
  await eventually(() => lines.length, (count) => count === 3, "asked to resync, it does not come back");
  hello = { ...hello, viewers: 1234, pinned: null, chat: [said(1), said(2)] };
  await page.close();
});

test("a form that stays sends once, keeps what was typed on a problem, and clears after success", async () => {
  const page = await enter();
  await page.fill("[name=text]", "안녕");
  await page.evaluate(() => {
    const form = document.querySelector("form[data-clear]");
    form.requestSubmit();
    form.requestSubmit();
  });
  await page.waitForFunction(() => document.querySelector("[name=text]").value === "");
  assert.equal(posts.length, 1);
  assert.match(posts[0].text, /text=%EC%95%88%EB%85%95/);
  assert.match(posts[0].key, /^[0-9a-f]{32}$/);
  assert.match(posts[0].accept, /^application\/json/);
  await page.fill("[name=text]", "긴 말");
  await page.locator("form[data-clear] button").click();
  await page.locator("[role=alert]").waitFor();
  assert.equal(await page.locator("[role=alert]").textContent(), "너무 길어요. 줄여 주세요. 200자까지예요.");
  assert.equal(await page.inputValue("[name=text]"), "긴 말");
  await page.locator("form[data-clear] button").click();
  await page.waitForFunction(() => document.querySelector("[name=text]").value === "");
  assert.equal(posts[1].key, posts[2].key, "the same wish keeps its key");
  assert.notEqual(posts[0].key, posts[1].key);
  await page.close();
});

test("the sheet buys over the picture in two taps", async () => {
  hello = { ...hello, pinned: PRODUCT };
  const page = await enter();
  await page.locator(".pinned [data-buy]").click();
  await page.locator("dialog h2").waitFor();
  await page.locator("dialog form button").click();
  await page.locator("dialog [role=status]").waitFor();
  assert.equal(await page.locator("dialog [role=status]").textContent(), "주문했어요");
  await page.locator("[data-close]").click();
  assert.equal(await page.locator("dialog").isVisible(), false);
  hello = { ...hello, pinned: null };
  await page.close();
});

test("the replay tells chat and pins in time, also after a leap", async () => {
  const page = await phone(browser, `${base}/replay`);
  const shows = (at_ms, chat, pins) => eventually(async () => {
    await page.evaluate((at) => document.querySelector("live-room").dispatchEvent(new CustomEvent("media-clock", { detail: { at_ms: at } })), at_ms);
    return [await page.locator(".chat li").count(), await page.locator(".pinned article").count()];
  }, ([lines, cards]) => lines === chat && cards === pins, `at ${at_ms} ms`);
  // First what can only be seen once the replay has been read.
  await shows(1100, 1, 0);
  await shows(900, 0, 0);
  await shows(1100, 1, 0);
  await shows(2100, 1, 1);
  await shows(9000, 2, 0);
  await shows(2500, 1, 1);
  await page.close();
});

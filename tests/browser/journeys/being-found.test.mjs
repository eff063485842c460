/** What a market tells the world: structured data that others' tools judge, the sitemap, and the card of a shared address. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { RESULTS, startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { shopPages } from "../places.mjs";
import { mainButton, newShow, order, pay, press, seller, signIn } from "../steps.mjs";
import { minded, things, unknown } from "../structured.mjs";

let market, chrome, stall, pages;

before(async () => {
  market = await startMarket("being-found");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  pages = await shopPages(market);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const read = async (path) => {
  const answer = await fetch(market.base + path, { headers: { "accept-language": "ko" } });
  assert.equal(answer.status, 200, path);
  return answer.text();
};

/** Both judges are content, and the page holds a thing of each of these kinds. */
async function judged(path, ...kinds) {
  const html = await read(path);
  const all = things(html);
  for (const kind of kinds) assert.ok(all.some((thing) => thing["@type"] === kind), `${path} has no ${kind}`);
  const wrong = (await minded(html)).filter(({ severity }) => severity === "ERROR");
  assert.deepEqual(wrong, [], path);
  assert.equal(await unknown(all), "", path);
  return all;
}

test("the judges can say no", async () => {
  const page = (thing) => `<html><body><script type="application/ld+json">${JSON.stringify(thing)}</script></body></html>`;
  const context = { "@context": "https://schema.org" };
  const free = { ...context, "@type": "Product", name: "고등어", offers: { "@type": "Offer", priceCurrency: "KRW" } };
  assert.ok((await minded(page(free))).some(({ severity }) => severity === "ERROR"), "an offer without a price");
  assert.match(await unknown([{ ...context, "@type": "Product", nam: "고등어" }]), /nam/);
  assert.notEqual(await unknown([{ ...context, "@type": "Fish", name: "고등어" }]), "");
  assert.equal(await unknown([{ ...context, "@type": "Product", name: "고등어" }]), "");
});

test("stall, product and show say what they are in words that others know", async () => {
  await judged(pages.store, "Store", "BreadcrumbList");
  const [product] = (await judged(pages.product, "Product", "BreadcrumbList")).filter((thing) => thing["@type"] === "Product");
  assert.ok(product.additionalProperty.length > 3 && product.image[0].startsWith(market.base));
  const show = (await judged(pages.live, "VideoObject")).find((thing) => thing["@type"] === "VideoObject");
  assert.equal(show.publication.isLiveBroadcast, true);
  const calendar = await read("/live");
  for (const [, path] of [...calendar.matchAll(/href="(\/live\/[\w-]+)"/g)].slice(0, 4)) await judged(path);
});

test("a show that is over is a film, and its clip another", async () => {
  const show = await newShow(stall);
  const { page } = stall;
  await page.locator('go-live[data-state="ready"]').waitFor();
  await page.locator('[data-act="start"]').click();
  await page.locator('go-live[data-state="air"]').waitFor();
  await page.locator("[data-pin]").first().click();
  await page.waitForTimeout(12_000);
  const end = page.locator('[data-act="end"]');
  await end.click();
  await end.click();
  await page.locator('a[href$="/diagnosis"]').waitFor();
  const until = Date.now() + 20_000;
  while (!things(await read(`/live/${show.id}`)).some((thing) => thing["@type"] === "VideoObject") && Date.now() < until) {
    await page.waitForTimeout(500);
  }
  const film = (await judged(`/live/${show.id}`, "VideoObject")).find((thing) => thing["@type"] === "VideoObject");
  assert.match(film.duration, /^PT\d+M\d+S$/);
  assert.equal(film.publication.isLiveBroadcast, false);
  assert.ok(film.publication.endDate > film.publication.startDate);
  // What was pinned names the edition of its label, live and in the replay.
  const room = await (await fetch(`${market.base}/live/${show.id}/replay.json`)).json();
  const pin = room.events.find(({ type }) => type === "pin");
  assert.ok(pin.product.label >= 1, "a pinned card names its label's edition");
  assert.match(await read(pin.product.label_url), new RegExp(`${pin.product.label}판`));
});

test("a review is told with its stars", async () => {
  await stall.page.goto(`/sell/${stall.store}`);
  const shopper = await person(chrome, market, { screen: PHONE });
  await signIn(shopper);
  const { page } = shopper;
  await page.goto(await stall.page.locator('main a[href^="/stores/"]').first().getAttribute("href"));
  const product = await page.locator('main .product:not(.gone) a[href^="/products/"]').first().getAttribute("href");
  const of = async () => (await judged(product, "Product")).find((thing) => thing["@type"] === "Product");
  assert.equal((await of()).aggregateRating, undefined, "nobody has judged it yet");
  await page.goto(product);
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "approve");
  await page.waitForURL(/\/orders\//);
  const code = (await page.locator(".price-card .price").first().innerText()).trim();
  await stall.page.goto(`/sell/${stall.store}/handover`);
  await stall.page.locator("[name=code]").fill(code);
  await press(stall.page, mainButton(stall.page));
  await press(stall.page, stall.page.locator(".price-card button").first());
  await page.reload();
  await press(page, page.locator('main a[href*="/reviews/"]').first());
  await page.locator("[name=words]").fill("간이 딱 맞아요 </script> 다음에도 살게요");
  await page.locator("[name=stars][value='4']").check({ force: true });
  await mainButton(page).click();
  await page.waitForURL(/\/reviews\/[^/]+\?done=saved/);
  const thing = await of();
  assert.deepEqual([thing.aggregateRating.ratingValue, thing.aggregateRating.reviewCount, thing.review.length], ["4.0", 1, 1]);
  assert.match(thing.review[0].reviewBody, /<\/script>/);
  await shopper.leave();
});

test("the sitemap lists what is public, and answers shortly when nothing changed", async () => {
  assert.match(await read("/robots.txt"), /Sitemap: http/);
  const index = await read("/sitemap.xml");
  const lists = [...index.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, address]) => new URL(address).pathname);
  const listed = (await Promise.all(lists.map(read))).flatMap((xml) => [...xml.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, address]) => new URL(address).pathname));
  assert.equal(new Set(listed).size, listed.length, "each address once");
  for (const path of [pages.store, pages.product, pages.live]) assert.ok(listed.includes(path), path);
  assert.ok(!listed.some((path) => /^\/(sell|me|orders)/.test(path)));
  const first = await fetch(market.base + lists[0]);
  const again = await fetch(market.base + lists[0], { headers: { "if-none-match": first.headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("a shared address shows its card", async () => {
  const html = await read(pages.product);
  const address = html.match(/property="og:image" content="([^"]+)"/)[1];
  assert.match(html, /<link rel="canonical" href="http[^"]+\/products\/[^"]+">/);
  const answer = await fetch(address);
  assert.equal(answer.headers.get("content-type"), "image/png");
  const png = Buffer.from(await answer.arrayBuffer());
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1200, 630]);
  writeFileSync(join(RESULTS, "card.png"), png);
});

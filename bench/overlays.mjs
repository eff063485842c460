/**
 * `./run bench overlays [--pins 8]`: does a card come with its frame? The picture carries the time as a barcode; a product is
 * pinned again and again, which is stamped on the media clock. When the card changes on a viewer's screen, the frame that
 * is seen there at that moment is read: it should be the one of the stamp. By the chain, by hls.js, by WebRTC, and in the
 * replay.
 */
import { browser, DESK, person } from "../tests/browser/people.mjs";
import { startMarket } from "../tests/browser/market.mjs";
import { newShow, seller } from "../tests/browser/steps.mjs";
import { figure, number, say } from "./figures.mjs";
import { publish, watch } from "./glass.mjs";

const pins = number("--pins", 8);
/** Overlays within this of their frame. */
const PROMISE_MS = 300;
const SETTLE_MS = 8_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** In a viewer's page: which frame was seen when the card changed. */
function readCards() {
  globalThis.cards = [];
  const card = () => document.querySelector(".pinned [data-buy], .pinned a")?.outerHTML ?? "";
  let before = card();
  new MutationObserver(() => {
    if (card() === before) return;
    before = card();
    const [now, delay] = globalThis.seen.delays.at(-1) ?? [];
    if (before && now) globalThis.cards.push(now - delay);
  }).observe(document.querySelector(".pinned"), { childList: true, subtree: true });
}

/** How far from their frame the cards came, the farthest; of each stamp the card that is nearest. */
const farthest = (stamps, frames) => Math.max(...stamps.map((at) => Math.min(...frames.map((frame) => Math.abs(frame - at)))));

const market = await startMarket("bench-overlays", { more: ["--whep", "4"] });
const chrome = await browser();
try {
  const studio = await seller(chrome, market, { screen: DESK });
  const show = await newShow(studio);
  const { products } = await (await studio.page.request.get(`/api/v1/broadcasts/${show.id}`)).json();
  await studio.page.goto("/health/live");
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, show);
  await sleep(SETTLE_MS);
  const viewers = {
    chain: await watch(chrome, market, show.id),
    hls: await watch(chrome, market, show.id, { fallen: true }),
    whep: await watch(chrome, market, show.id, { webrtc: true }),
  };
  await sleep(SETTLE_MS);
  for (const { page } of Object.values(viewers)) await page.evaluate(readCards);
  say(`${pins} pins`);
  for (let pin = 0; pin < pins; pin += 1) {
    await studio.page.request.post(`/live/${show.id}/pin`, { headers: { accept: "application/json", "sec-fetch-site": "same-origin" }, form: { product: products[pin % products.length] }, maxRetries: 2 });
    await sleep(2_500 + pin * 130);
  }
  await sleep(6_000);
  const told = {};
  for (const [name, viewer] of Object.entries(viewers)) {
    told[name] = await viewer.page.evaluate(() => [globalThis.cards, document.querySelector("live-player").stats.mode]);
    await viewer.leave();
  }
  await studio.page.request.post(`/live/${show.id}/ending`, { headers: { accept: "application/json", "sec-fetch-site": "same-origin" }, maxRetries: 2 });
  await sleep(4_000);
  const { events, duration_ms } = await (await studio.page.request.get(`/live/${show.id}/replay.json`)).json();
  const stamps = events.filter(({ type }) => type === "pin").map(({ at_ms }) => at_ms);
  for (const [name, [frames, mode]] of Object.entries(told)) {
    const off = stamps.map((at) => Math.min(...frames.map((frame) => Math.abs(frame - at))));
    say(`${name} (${mode}): ${frames.length} of ${stamps.length} cards seen, ${off.join(", ")} ms from their frame`);
    figure(`overlays.${name}`, frames.length === stamps.length ? farthest(stamps, frames) : NaN, "ms", PROMISE_MS, "promise");
  }
  const again = await watch(chrome, market, show.id);
  await again.page.waitForFunction(() => globalThis.seen?.first !== undefined);
  await again.page.evaluate(readCards);
  await sleep(duration_ms + 3_000);
  const frames = await again.page.evaluate(() => globalThis.cards);
  say(`replay: ${frames.length} of ${stamps.length} cards seen`);
  figure("overlays.replay", frames.length >= stamps.length ? farthest(stamps, frames) : NaN, "ms", PROMISE_MS, "promise");
} finally {
  await chrome.close();
  await market.stop();
}

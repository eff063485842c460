/**
 * `./run bench live [--minutes N] [--opens N]`: from glass to glass, through the real server and the real player.
 *
 * A canvas shows the time as a barcode of 48 cells; it is captured and published by WHIP, and read back out of the
 * decoded picture in the viewers: the watch page with its own player by the chain, the same player fallen back on
 * hls.js, and hls.js as it comes on the same URLs as the reference. Both ends share one clock, so the difference is the
 * whole way: capture, encoder, server, player, screen.
 */
import { readFileSync } from "node:fs";
import { browser, DESK, person } from "../tests/browser/people.mjs";
import { startMarket } from "../tests/browser/market.mjs";
import { newShow, seller } from "../tests/browser/steps.mjs";
import { figure, number, quantile, say } from "./figures.mjs";
import { publish, take, watch, watchByHls } from "./glass.mjs";

const PROMISE = { p50: 450, p95: 600, hls: 1400, first: 500 };
const SETTLE_MS = 5_000;
const ROUND_MS = 10_000;
const ROUNDS_A_MINUTE = 6;
const minutes = number("--minutes", 0.5);
const opens = number("--opens", 11);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Delays of twenty seconds after ten to settle, and the stalls; the viewer leaves. */
async function halfMinute(viewer) {
  await viewer.page.waitForFunction(() => globalThis.seen.first !== undefined);
  await sleep(2 * SETTLE_MS);
  await take(viewer);
  const before = await viewer.page.evaluate(() => globalThis.seen.stalls);
  await sleep(20_000);
  const delays = (await take(viewer)).map(([, delay]) => delay);
  const stalls = (await viewer.page.evaluate(() => globalThis.seen.stalls)) - before;
  await viewer.leave();
  return [delays, stalls];
}

const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

const market = await startMarket("bench-live");
const chrome = await browser();
try {
  const studio = await seller(chrome, market, { screen: DESK });
  const { id, whip, key } = await newShow(studio);
  // Its preview of a camera would cost the viewers their time.
  await studio.leave();
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, { whip, key });
  say("publishing; waiting for the encoder to settle");
  await sleep(SETTLE_MS);

  say(`first frame, ${opens} visits`);
  const firsts = [], ownFirsts = [];
  for (let visit = 0; visit < opens; visit += 1) {
    const viewer = await watch(chrome, market, id);
    await viewer.page.waitForFunction(() => globalThis.seen.first !== undefined);
    const [first, own] = await viewer.page.evaluate(() => [globalThis.seen.first, document.querySelector("live-player").stats.first_frame_ms]);
    firsts.push(first);
    ownFirsts.push(own);
    await viewer.leave();
  }

  say(`${minutes} minutes of the chain player`);
  const chain = await watch(chrome, market, id);
  await sleep(SETTLE_MS);
  await take(chain);
  const rounds = [], weights = [memory(market.pid)];
  const until = Date.now() + minutes * 60_000;
  while (Date.now() < until) {
    await sleep(Math.min(ROUND_MS, until - Date.now()));
    rounds.push((await take(chain)).map(([, delay]) => delay));
    weights.push(memory(market.pid));
    if (rounds.length % ROUNDS_A_MINUTE === 0) say(`p50 ${quantile(rounds.at(-1), 0.5)} ms, ${weights.at(-1).toFixed(0)} MiB`);
  }
  const stalls = await chain.page.evaluate(() => globalThis.seen.stalls);
  await chain.leave();

  say("half a minute of the player fallen back on hls.js, and of hls.js as it comes");
  const [ours, ourStalls] = await halfMinute(await watch(chrome, market, id, { fallen: true }));
  const [plain, plainStalls] = await halfMinute(await watchByHls(chrome, market, `/media/${id}/multi.m3u8`));

  const all = rounds.flat(), p50 = quantile(all, 0.5), hls50 = quantile(ours, 0.5);
  // The first minute against the last one, or the first quarter of a short run.
  const part = Math.max(1, Math.min(ROUNDS_A_MINUTE, Math.floor(rounds.length / 4)));
  say(`stalls after the first frame: chain ${stalls} in ${minutes} min, hls.js with our pace ${ourStalls}, as it comes ${plainStalls}`);
  figure("live.chain_p50", p50, "ms", quantile(plain, 0.5), "hls.js as it comes");
  figure("live.chain_p50_promise", p50, "ms", PROMISE.p50, "promise");
  figure("live.chain_p95", quantile(all, 0.95), "ms", PROMISE.p95, "promise");
  figure("live.hls_p50", hls50, "ms", PROMISE.hls, "promise");
  figure("live.hls_p95", quantile(ours, 0.95), "ms", quantile(plain, 0.95), "hls.js as it comes");
  figure("live.first_frame_p50", quantile(firsts, 0.5), "ms", PROMISE.first, "promise, from navigation");
  figure("live.first_frame_own_p50", quantile(ownFirsts, 0.5), "ms", quantile(firsts, 0.5), "from the player's start, of navigation's");
  figure("live.p50_at_end", quantile(rounds.slice(-part).flat(), 0.5), "ms", quantile(rounds.slice(0, part).flat(), 0.5), "p50 at the start");
  figure("live.memory_at_end", weights.at(-1), "MiB", weights[Math.min(part, weights.length - 1)], "memory at the start");
} finally {
  await chrome.close();
  await market.stop();
}

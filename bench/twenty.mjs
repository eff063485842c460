/**
 * `./run bench twenty [--shows 20] [--seconds 60]`: many shows at once. A phone's show is watched from glass to glass, alone
 * first; then programs send the other shows by RTMP (one film, copied, so that the senders cost nothing), and somebody
 * follows every one of them part by part. The figures are what that does to the phone's show, how late parts come, what a
 * show costs, and whether every replay is whole. The reference is the phone's show alone, in the same run.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser, DESK, person } from "../tests/browser/people.mjs";
import { startMarket } from "../tests/browser/market.mjs";
import { newShow, seller } from "../tests/browser/steps.mjs";
import { figure, number, quantile, say } from "./figures.mjs";
import { publish, take, watch } from "./glass.mjs";

const SETTLE_MS = 8_000;
const shows = number("--shows", 20) - 1;
const seconds = number("--seconds", 60);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const processor = (pid) => {
  const words = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(words[11]) + Number(words[12])) / 100;
};
const headers = { accept: "application/json", "sec-fetch-site": "same-origin" };

/** A film of 720×1280 and 1.5 Mbit/s, as a phone or OBS would send it. */
function film(folder) {
  const file = join(folder, "film.flv");
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=720x1280:rate=30", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "20",
    "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-b:v", "1500k", "-maxrate", "1500k", "-bufsize", "750k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", file]);
  return file;
}

/** A store of this seller with a show, and what a program sends it to. */
async function open(self, place) {
  const store = await (await self.page.request.post("/api/v1/stores", {
    headers: { ...headers, "idempotency-key": `twenty-${Date.now()}-${place}` },
    data: { category: "fish", name: { ko: `스무 가게 ${place}`, en: "" }, line: { ko: "여럿이 함께 방송해요", en: "" } },
  })).json();
  const made = await self.page.request.post(`/api/v1/stores/${store.id}/broadcasts`, {
    headers: { ...headers, "idempotency-key": `show-${place}` }, data: { title: `방송 ${place}` },
  });
  if (!made.ok()) throw new Error(`a show: ${made.status()} ${await made.text()}`);
  const show = await made.json();
  const page = await (await self.page.request.post(`/sell/${store.id}/live/${show.id}/encoder`, { headers: { ...headers, accept: "text/html" } })).text();
  const [server, key] = [...page.matchAll(/data-copy="([^"]+)"/g)].map(([, value]) => value);
  return { id: show.id, store: store.id, address: `${server}/${key}` };
}

/** Follows a show part by part, as a player does; how late each part came after the one before, beyond its length. */
async function follow(base, id, stop) {
  const late = [];
  let { next, part_ms } = await (await fetch(`${base}/media/${id}/join`)).json();
  let last = 0;
  while (!stop.aborted) {
    const answer = await fetch(`${base}/media/${id}/n${next}.m4s`, { signal: stop }).catch(() => null);
    if (!answer?.ok) break;
    await answer.arrayBuffer();
    const now = performance.now();
    if (last) late.push(now - last - part_ms);
    [last, next] = [now, next + 1];
  }
  return late;
}

async function glass(viewer) {
  await take(viewer);
  await sleep(seconds * 1000);
  const seen = await take(viewer);
  const delays = seen.map(([, delay]) => delay);
  const stood = seen.slice(1).reduce((sum, [at], index) => sum + Math.max(0, at - seen[index][0] - 300), 0);
  return { p50: quantile(delays, 0.5), p95: quantile(delays, 0.95), stood: (100 * stood) / (seconds * 1000) };
}

const folder = mkdtempSync(join(tmpdir(), "dangol-twenty-"));
const clip = film(folder);
const market = await startMarket("bench-twenty");
const chrome = await browser();
const senders = [];
try {
  const self = await seller(chrome, market, { screen: DESK });
  const phone = await newShow(self);
  await self.page.goto("/health/live");
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, phone);
  await sleep(SETTLE_MS);
  const viewer = await watch(chrome, market, phone.id);
  await sleep(SETTLE_MS);
  say("the phone's show alone");
  let spent = processor(market.pid);
  const alone = await glass(viewer);
  const aloneCore = (processor(market.pid) - spent) / seconds;
  const light = memory(market.pid);

  say(`${shows} more shows by RTMP`);
  const open_ = [];
  for (let place = 0; place < shows; place += 1) open_.push(await open(self, place));
  for (const { address } of open_) senders.push(spawn("ffmpeg", ["-loglevel", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv", address], { stdio: ["ignore", "ignore", "inherit"] }));
  await sleep(SETTLE_MS);
  const stop = new AbortController();
  const following = open_.map(({ id }) => follow(market.base, id, stop.signal));
  await sleep(2_000);
  spent = processor(market.pid);
  const together = await glass(viewer);
  const core = (processor(market.pid) - spent) / seconds;
  const heavy = memory(market.pid);
  stop.abort();
  const late = (await Promise.all(following)).filter((parts) => parts.length > 0);
  const parts = late.flat();

  say("all of them end at once");
  const ended = Date.now();
  await Promise.all(open_.map(({ id }) => self.page.request.post(`/live/${id}/ending`, { headers, maxRetries: 2 })));
  let whole = [];
  do {
    await sleep(500);
    const told = await Promise.all(open_.map(async ({ id }) => (await self.page.request.get(`/api/v1/broadcasts/${id}`, { maxRetries: 2 })).json()));
    whole = told.filter(({ replay }) => replay && Math.abs(ended - replay.from_ms - replay.duration_ms) < 2_000);
  } while (whole.length < shows && Date.now() - ended < 60_000);

  figure("twenty.glass_p50", together.p50, "ms", alone.p50, "the phone's show alone");
  figure("twenty.glass_p95", together.p95, "ms", alone.p95, "the phone's show alone");
  figure("twenty.stood", together.stood, "% of the time", Math.max(alone.stood, 0.01), "alone");
  figure("twenty.followed", late.length, "shows", shows, "shows sent");
  figure("twenty.part_late_p95", quantile(parts, 0.95), "ms", 300, "what a player has at hand");
  figure("twenty.part_late_p99", quantile(parts, 0.99), "ms", 300, "what a player has at hand");
  figure("twenty.core_a_show", (100 * (core - aloneCore)) / shows, "% of a core", 100 / 37, "37 shows a core");
  figure("twenty.memory_a_show", (heavy - light) / shows, "MiB", light, "the market with one show");
  figure("twenty.replays_whole", whole.length, "replays", shows, "shows sent");
} finally {
  for (const sender of senders.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    const gone = once(sender, "exit");
    sender.kill("SIGKILL");
    await gone;
  }
  await chrome.close();
  await market.stop();
  rmSync(folder, { recursive: true, force: true });
}

/**
 * `./run bench hour [--minutes 60]`: one long show, looked at every minute: does the delay drift, does the memory grow, is
 * the replay whole? The picture carries the time as a barcode (glass.mjs), so that the recording can be compared with the
 * clock: frames are taken out of the downloaded film, and what they say is held against where they lie.
 */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { browser, DESK, person } from "../tests/browser/people.mjs";
import { startMarket } from "../tests/browser/market.mjs";
import { newShow, seller, signIn } from "../tests/browser/steps.mjs";
import { figure, number, quantile, say } from "./figures.mjs";
import { publish, take, watch } from "./glass.mjs";

const MINUTE_MS = 60_000;
const minutes = number("--minutes", 60);
/** Frames that are taken out of the film. */
const LOOKS = 13;
const PROMISE = { drift_ms: 50, grown: 1.1, missing_ms: 1_000, apart_ms: 100 };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const processor = (pid) => {
  const words = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(words[11]) + Number(words[12])) / 100;
};
/** A form, sent again when the connection was just let go, as a browser would. */
const send = (self, path, form) => self.page.request.post(path, { headers: json, form, maxRetries: 2 });
const json = { accept: "application/json", "sec-fetch-site": "same-origin" };
/** By how much a value grows from the first to the last, by least squares. */
function slope(values) {
  const middle = (values.length - 1) / 2, mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const up = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const down = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return (up / down) * (values.length - 1);
}

/** What the barcode of the film says at a second, Unix milliseconds. */
function read(film, second) {
  const [wide, high] = execFileSync("ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height", "-of", "csv=p=0", film], { encoding: "utf8" }).trim().split(",").map(Number);
  const grey = execFileSync("ffmpeg", ["-v", "error", "-ss", String(second), "-i", film, "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"], { maxBuffer: 1e8 });
  const cell = wide / 26;
  let bits = "";
  for (let index = 0; index < 48; index += 1) {
    const x = Math.floor(cell + (index % 24) * cell + cell / 2), y = Math.floor(Math.floor(index / 24) * cell * 1.2 + (8 * high) / 360 + cell * 0.6);
    bits += grey[y * wide + x] > 127 ? "1" : "0";
  }
  return parseInt(bits, 2);
}

const folder = mkdtempSync(join(tmpdir(), "dangol-hour-"));
const market = await startMarket("bench-hour", { more: ["--whep", "4"] });
const chrome = await browser();
try {
  const studio = await seller(chrome, market, { screen: DESK });
  const show = await newShow(studio);
  const goods = (await (await studio.page.request.get(`/api/v1/broadcasts/${show.id}`)).json()).products;
  await studio.page.goto("/health/live");
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, show);
  await sleep(8_000);
  const begun = Date.now();
  const chain = await watch(chrome, market, show.id);
  const webrtc = await watch(chrome, market, show.id, { webrtc: true });
  const talker = await person(chrome, market);
  await talker.page.goto("/sign-in");
  await signIn(talker);
  await sleep(10_000);

  const delays = { chain: [], whep: [] }, weights = [];
  const spent = processor(market.pid);
  let lines = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    await send(studio, `/live/${show.id}/pin`, { product: goods[minute % goods.length] });
    for (let line = 0; line < 6; line += 1) {
      const said = await send(talker, `/live/${show.id}/chat`, { text: `${minute}분 ${line}번째 말이에요` });
      if (said.ok()) lines += 1;
      await send(talker, `/live/${show.id}/reactions`, { kind: "heart" });
      await sleep(MINUTE_MS / 6);
    }
    for (const [name, viewer] of [["chain", chain], ["whep", webrtc]]) delays[name].push(quantile((await take(viewer)).map(([, delay]) => delay), 0.5));
    weights.push(memory(market.pid));
    const state = await chain.page.evaluate(() => document.querySelector("live-player").stats);
    say(`minute ${minute + 1}: chain ${delays.chain.at(-1)} ms, whep ${delays.whep.at(-1)} ms, ${weights.at(-1).toFixed(1)} MiB, ${state.stalls} stalls, ${state.joins} joins`);
  }
  const length_s = (Date.now() - begun) / 1000;
  const busy = (processor(market.pid) - spent) / length_s;
  await send(studio, `/live/${show.id}/ending`);
  const ended = Date.now();
  let told;
  do {
    await sleep(500);
    told = await (await studio.page.request.get(`/api/v1/broadcasts/${show.id}`)).json();
  } while (!told.replay && Date.now() - ended < 60_000);
  if (!told.replay) throw new Error("there is no replay a minute after the end");
  const closed_s = (Date.now() - ended) / 1000;
  const expected_ms = ended - told.replay.from_ms;
  const room = await (await studio.page.request.get(`/live/${show.id}/replay.json`)).json();
  const remembered = room.events.filter((event) => event.type === "chat").length;
  const pins = room.events.filter((event) => event.type === "pin").length;

  // Loudness is set after the end, in the background; the film is taken once that is done or nothing moves any more.
  await sleep(Math.max(15_000, minutes * 1_000));
  const film = join(folder, "film.mp4");
  const cookies = await studio.page.context().cookies();
  const answer = await fetch(`${market.base}/sell/${studio.store}/live/${show.id}/recording.mp4`, { headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") } });
  if (!answer.ok) throw new Error(`the film: ${answer.status}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(film));
  const probe = JSON.parse(execFileSync("ffprobe", ["-v", "error", "-show_entries", "stream=codec_type,duration,nb_frames:format=size,duration", "-of", "json", film], { encoding: "utf8" }));
  const lasts = (kind) => 1000 * Number(probe.streams.find((stream) => stream.codec_type === kind).duration);
  const film_ms = lasts("video");
  const off = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const second = 2 + (look * (film_ms / 1000 - 6)) / (LOOKS - 1);
    off.push(read(film, second) - (told.replay.from_ms + second * 1000));
  }
  say(`what the film's frames say against where they lie: ${off.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  say(`${(probe.format.size / 1e6).toFixed(0)} MB, ${(100 * busy).toFixed(1)} % of a core, replay closed after ${closed_s.toFixed(1)} s`);

  const half = Math.floor(weights.length / 2);
  figure("hour.chain_drift", Math.abs(slope(delays.chain)), "ms", PROMISE.drift_ms, "promise");
  figure("hour.whep_drift", Math.abs(slope(delays.whep)), "ms", PROMISE.drift_ms, "promise");
  figure("hour.film_drift", Math.abs(slope(off)), "ms", PROMISE.drift_ms, "promise");
  figure("hour.sound_apart", Math.abs(lasts("audio") - film_ms), "ms", PROMISE.apart_ms, "promise");
  figure("hour.replay_missing", Math.abs(expected_ms - told.replay.duration_ms), "ms", PROMISE.missing_ms, "promise");
  figure("hour.memory_grown", quantile(weights.slice(half), 0.5) / quantile(weights.slice(1, half + 1), 0.5), "times", PROMISE.grown, "promise");
  figure("hour.memory", weights.at(-1), "MiB", weights[0], "after the first minute");
  figure("hour.lines_remembered", remembered, "lines", lines, "lines said");
  figure("hour.pins_remembered", pins, "pins", minutes, "pins made");
  figure("hour.core", 100 * busy, "% of a core", 100, "one core");
} finally {
  await chrome.close();
  await market.stop();
  rmSync(folder, { recursive: true, force: true });
}

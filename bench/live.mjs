/**
 * `./run bench live [--minutes N] [--opens N]`: from glass to glass, through the real server and the real player.
 *
 * A canvas shows the time as a barcode of 48 cells; it is captured and published by WHIP, and read back out of the
 * decoded picture in the viewers: the watch page with its own player by the chain, the same player fallen back on
 * hls.js, and hls.js as it comes on the same URLs as the reference. Both ends share one clock, so the difference is the
 * whole way: capture, encoder, server, player, screen.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { browser, DESK, person, PHONE } from "../tests/browser/people.mjs";
import { startMarket } from "../tests/browser/market.mjs";
import { newShow, seller } from "../tests/browser/steps.mjs";
import { figure, number, quantile, say } from "./figures.mjs";

const HLS = readFileSync(resolve(import.meta.dirname, "../ui/node_modules/hls.js/dist/hls.min.js"), "utf8");
const PROMISE = { p50: 450, p95: 600, hls: 1400, first: 500 };
const SETTLE_MS = 5_000;
const ROUND_MS = 10_000;
const ROUNDS_A_MINUTE = 6;
const minutes = number("--minutes", 0.5);
const opens = number("--opens", 11);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** In the publisher's page: draws, captures, publishes. */
async function publish({ whip, key }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 640, height: 360 });
  const pen = canvas.getContext("2d");
  let turn = 0;
  const draw = () => {
    const now = Date.now();
    turn += 1;
    pen.fillStyle = `hsl(${turn % 360} 50% 45%)`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#fff";
    pen.beginPath();
    pen.arc((turn * 7) % canvas.width, 250, 40, 0, 7);
    pen.fill();
    const cell = canvas.width / 26;
    [...now.toString(2).padStart(48, "0")].forEach((bit, index) => {
      pen.fillStyle = bit === "1" ? "#fff" : "#000";
      pen.fillRect(cell + (index % 24) * cell, Math.floor(index / 24) * cell * 1.2 + 8, cell, cell * 1.2);
    });
  };
  draw();
  setInterval(draw, 1000 / 30);
  const stream = canvas.captureStream(30);
  const audio = new AudioContext({ sampleRate: 48000 });
  const tone = audio.createOscillator(), quiet = audio.createGain(), out = audio.createMediaStreamDestination();
  quiet.gain.value = 0.1;
  tone.connect(quiet).connect(out);
  tone.start();
  const peer = (globalThis.peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" }));
  const video = peer.addTransceiver(stream.getVideoTracks()[0], { direction: "sendonly", streams: [stream] });
  peer.addTransceiver(out.stream.getAudioTracks()[0], { direction: "sendonly", streams: [stream] });
  const codecs = RTCRtpSender.getCapabilities("video").codecs;
  const wanted = ["42e01f", "42001f", "4d001f"];
  const h264 = codecs.filter((codec) => codec.mimeType === "video/H264" && /packetization-mode=1/.test(codec.sdpFmtpLine));
  h264.sort((one, other) => wanted.findIndex((id) => one.sdpFmtpLine.includes(id)) - wanted.findIndex((id) => other.sdpFmtpLine.includes(id)));
  video.setCodecPreferences([...h264, ...codecs.filter((codec) => codec.mimeType === "video/rtx")]);
  await peer.setLocalDescription();
  const answer = await fetch(whip, {
    method: "POST", body: peer.localDescription.sdp,
    headers: { "content-type": "application/sdp", authorization: `Bearer ${key}` },
  });
  if (!answer.ok) throw new Error(`WHIP answered ${answer.status}: ${await answer.text()}`);
  globalThis.session = answer.headers.get("location");
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  await new Promise((done, failed) => {
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "connected") done();
      if (peer.connectionState === "failed") failed(new Error("the connection failed"));
    };
  });
}

/** In a viewer's page, before anything else runs: reads every shown frame of the first video there is. */
function readFrames() {
  const seen = (globalThis.seen = { delays: [], first: undefined, stalls: 0 });
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const read = (video) => {
    const wide = (canvas.width = video.videoWidth), high = (canvas.height = Math.ceil((video.videoWidth / 26) * 2.4 + 10));
    pen.drawImage(video, 0, 0, wide, video.videoHeight);
    const cell = wide / 26, { data } = pen.getImageData(0, 0, wide, high);
    let bits = "";
    for (let index = 0; index < 48; index += 1) {
      const x = Math.floor(cell + (index % 24) * cell + cell / 2);
      const y = Math.floor(Math.floor(index / 24) * cell * 1.2 + 8 + cell * 0.6);
      bits += data[(y * wide + x) * 4 + 1] > 127 ? "1" : "0";
    }
    return parseInt(bits, 2);
  };
  const attach = (video) => {
    video.addEventListener("waiting", () => { if (seen.first !== undefined && !video.seeking) seen.stalls += 1; });
    video.requestVideoFrameCallback(function frame() {
      seen.first ??= performance.now();
      const now = Date.now(), delay = now - read(video);
      if (Math.abs(delay) < 60_000) seen.delays.push([now, delay]);
      video.requestVideoFrameCallback(frame);
    });
  };
  // As soon as the parser made it: a later look could miss the first frame.
  const look = () => {
    const video = document.querySelector("video");
    if (video) attach(video);
    return Boolean(video);
  };
  if (look()) return;
  const parsed = new MutationObserver(() => look() && parsed.disconnect());
  parsed.observe(document, { childList: true, subtree: true });
}

async function watch(chrome, market, id, { fallen = false } = {}) {
  const viewer = await person(chrome, market, { screen: PHONE });
  await viewer.page.addInitScript(readFrames);
  if (fallen) await viewer.page.addInitScript(refuseChain);
  await viewer.page.goto(`/live/${id}`);
  return viewer;
}

/** In a viewer's page: the player's first body never comes, so that it falls back on hls.js, which asks otherwise. */
function refuseChain() {
  const ask = globalThis.fetch;
  globalThis.fetch = (url, more) => (/\/h\d+\.mp4$/.test(url) ? Promise.reject(new TypeError("no chain")) : ask(url, more));
}

/** hls.js as it comes, without our pace. */
async function watchByHls(chrome, market, id) {
  const viewer = await person(chrome, market, { screen: PHONE });
  await viewer.page.addInitScript(HLS);
  await viewer.page.goto("/health/live");
  await viewer.page.evaluate((url) => {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    const hls = new globalThis.Hls({ lowLatencyMode: true });
    hls.loadSource(url);
    hls.attachMedia(video);
    video.play().catch(() => {});
  }, `/media/${id}/multi.m3u8`);
  await viewer.page.evaluate(readFrames);
  return viewer;
}

/** Delays of a viewer, taken out of the page so that a long run does not fill its memory. */
const take = (viewer) => viewer.page.evaluate(() => globalThis.seen.delays.splice(0));

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
  const [plain, plainStalls] = await halfMinute(await watchByHls(chrome, market, id));

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

/**
 * `./run bench live [--minutes N] [--viewers N]`: from glass to glass, through the real server and the real player.
 *
 * A canvas shows the time as a barcode of 48 cells; it is captured and published by WHIP, and read back out of the
 * decoded picture in the viewers: the watch page with its own player (chain), and hls.js on the same URLs as the
 * reference. Both ends share one clock, so the difference is the whole way: capture, encoder, server, player, screen.
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
const minutes = number("--minutes", 0.5);
const opens = number("--opens", 7);
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
    video.addEventListener("waiting", () => { if (seen.first !== undefined) seen.stalls += 1; });
    video.requestVideoFrameCallback(function frame() {
      seen.first ??= performance.now();
      const now = Date.now(), delay = now - read(video);
      if (Math.abs(delay) < 60_000) seen.delays.push([now, delay]);
      video.requestVideoFrameCallback(frame);
    });
  };
  const look = () => {
    const video = document.querySelector("live-player video, video");
    if (video) attach(video);
    else requestAnimationFrame(look);
  };
  look();
}

async function watch(chrome, market, id) {
  const viewer = await person(chrome, market, { screen: PHONE });
  await viewer.page.addInitScript(readFrames);
  await viewer.page.goto(`/live/${id}`);
  return viewer;
}

async function watchByHls(chrome, market, id) {
  const viewer = await person(chrome, market, { screen: PHONE });
  await viewer.page.addInitScript(HLS);
  await viewer.page.goto("/health/live");
  await viewer.page.evaluate((url) => {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    const hls = new globalThis.Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1, liveSyncOnStallIncrease: 0.1 });
    hls.loadSource(url);
    hls.attachMedia(video);
    video.play().catch(() => {});
  }, `/media/${id}/multi.m3u8`);
  await viewer.page.evaluate(readFrames);
  return viewer;
}

/** Delays of a viewer, taken out of the page so that a long run does not fill its memory. */
const take = (viewer) => viewer.page.evaluate(() => globalThis.seen.delays.splice(0));

const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

const market = await startMarket("bench-live");
const chrome = await browser();
try {
  const studio = await seller(chrome, market, { screen: DESK });
  const { id, whip, key } = await newShow(studio);
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, { whip, key });
  say("publishing; waiting for the encoder to settle");
  await sleep(SETTLE_MS);

  say(`first frame, ${opens} visits`);
  const firsts = [];
  for (let visit = 0; visit < opens; visit += 1) {
    const viewer = await watch(chrome, market, id);
    await viewer.page.waitForFunction(() => globalThis.seen.first !== undefined);
    firsts.push(await viewer.page.evaluate(() => globalThis.seen.first));
    await viewer.leave();
  }

  say(`${minutes} minutes of the chain player`);
  const chain = await watch(chrome, market, id);
  await sleep(SETTLE_MS);
  await take(chain);
  const rounds = [], weights = [memory(market.pid)];
  const until = Date.now() + minutes * 60_000;
  while (Date.now() < until) {
    await sleep(Math.min(10_000, until - Date.now()));
    rounds.push((await take(chain)).map(([, delay]) => delay));
    weights.push(memory(market.pid));
    if (rounds.length % 6 === 0) say(`p50 ${quantile(rounds.at(-1), 0.5)} ms, ${weights.at(-1).toFixed(0)} MiB`);
  }
  const stalls = await chain.page.evaluate(() => globalThis.seen.stalls);
  await chain.leave();

  say("half a minute of hls.js on the same URLs");
  const hls = await watchByHls(chrome, market, id);
  await sleep(2 * SETTLE_MS);
  await take(hls);
  await sleep(20_000);
  const byHls = (await take(hls)).map(([, delay]) => delay);

  const all = rounds.flat(), p50 = quantile(all, 0.5), hls50 = quantile(byHls, 0.5);
  const part = Math.max(1, Math.floor(rounds.length / 4));
  say(`${all.length} frames read by the chain player, ${stalls} stalls after the first frame; ${byHls.length} by hls.js`);
  figure("live.chain_p50", p50, "ms", hls50, "hls.js in this run");
  figure("live.chain_p50_promise", p50, "ms", PROMISE.p50, "promise");
  figure("live.chain_p95", quantile(all, 0.95), "ms", PROMISE.p95, "promise");
  figure("live.hls_p50", hls50, "ms", PROMISE.hls, "promise");
  figure("live.first_frame_p50", quantile(firsts, 0.5), "ms", PROMISE.first, "promise");
  figure("live.p50_at_end", quantile(rounds.slice(-part).flat(), 0.5), "ms", quantile(rounds.slice(0, part).flat(), 0.5), "p50 at the start");
  figure("live.memory_at_end", weights.at(-1), "MiB", weights[Math.min(part, weights.length - 1)], "memory at the start");
} finally {
  await chrome.close();
  await market.stop();
}

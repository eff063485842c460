/**
 * From glass to glass: a canvas shows the time as a barcode of 48 cells; it is captured and published, and read back out of
 * the decoded picture in the viewers. Both ends share one clock, so the difference is the whole way: capture, encoder,
 * server, player, screen.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { person, PHONE } from "../tests/browser/people.mjs";

const HLS = readFileSync(resolve(import.meta.dirname, "../ui/node_modules/hls.js/dist/hls.min.js"), "utf8");

/** In the publisher's page: draws, captures, publishes. */
export async function publish({ whip, key }) {
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
export function readFrames() {
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

/** A viewer with our player: by the chain, `fallen` back on hls.js, or `webrtc` first. */
export async function watch(chrome, market, id, { fallen = false, webrtc = false } = {}) {
  const viewer = await person(chrome, market, { screen: PHONE });
  if (!webrtc) await viewer.page.addInitScript(() => sessionStorage.setItem("whep-shut", "1"));
  await viewer.page.addInitScript(readFrames);
  if (fallen) await viewer.page.addInitScript(refuseChain);
  await viewer.page.goto(`/live/${id}`);
  return viewer;
}

/** In a viewer's page: the player's first body never comes, so that it falls back on hls.js, which asks otherwise. */
export function refuseChain() {
  const ask = globalThis.fetch;
  globalThis.fetch = (url, more) => (/\/h\d+\.mp4$/.test(url) ? Promise.reject(new TypeError("no chain")) : ask(url, more));
}

/** hls.js as it comes, without our pace. */
export async function watchByHls(chrome, market, url) {
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
  }, url);
  await viewer.page.evaluate(readFrames);
  return viewer;
}

/** Delays of a viewer, taken out of the page so that a long run does not fill its memory. */
export const take = (viewer) => viewer.page.evaluate(() => globalThis.seen.delays.splice(0));

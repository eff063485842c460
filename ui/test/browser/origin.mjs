// A pretend origin: clips made by ffmpeg, cut into the chain's parts and given out as if they came from a camera just now.
import { execFileSync } from "node:child_process";

/** Length of one part and parts from one key frame to the next. */
export const PART_MS = 200;
const PARTS_PER_GOP = 10;

function boxes(bytes, from = 0, to = bytes.length) {
  const found = [];
  for (let at = from; at < to; ) {
    const size = bytes.readUInt32BE(at);
    found.push({ kind: bytes.toString("latin1", at + 4, at + 8), from: at, to: at + size });
    at += size;
  }
  return found;
}

/** A fragmented clip: its init, its parts, the timescale of each track, its codecs. */
export function clip(width, height, seconds) {
  const bytes = execFileSync("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=s=${width}x${height}:r=30`, "-f", "lavfi", "-i", "sine=440:r=48000"],
    ...["-t", String(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"],
    ...["-pix_fmt", "yuv420p", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-c:a", "aac", "-ac", "2", "-b:a", "96k"],
    ...["-f", "mp4", "-movflags", "empty_moov+default_base_moof", "-frag_duration", String(PART_MS * 1000), "pipe:1"],
  ], { maxBuffer: 1 << 28 });
  const all = boxes(bytes);
  const firstMoof = all.findIndex(({ kind }) => kind === "moof");
  const init = bytes.subarray(0, all[firstMoof].from);
  const parts = [];
  for (let n = firstMoof; n < all.length; n++) {
    if (all[n].kind === "moof") parts.push(Buffer.from(bytes.subarray(all[n].from, all[n + 1].to)));
  }
  const avc = init.indexOf("avcC");
  const profile = init.subarray(avc + 5, avc + 8).toString("hex");
  return { init, parts, scales: scales(init), codecs: `avc1.${profile},mp4a.40.2`, width, height };
}

function scales(init) {
  const found = {};
  const moov = boxes(init).find(({ kind }) => kind === "moov");
  let track = 0;
  const walk = (from, to) => {
    for (const box of boxes(init, from, to)) {
      if (["trak", "mdia"].includes(box.kind)) walk(box.from + 8, box.to);
      if (box.kind === "tkhd") track = init.readUInt32BE(box.from + 8 + (init[box.from + 8] ? 20 : 12));
      if (box.kind === "mdhd") found[track] = init.readUInt32BE(box.from + 8 + (init[box.from + 8] ? 20 : 12));
    }
  };
  walk(moov.from + 8, moov.to);
  return found;
}

/** The same part, later on the media timeline. */
function shifted(part, seconds, scale) {
  const out = Buffer.from(part);
  for (const traf of boxes(out, 8, boxes(out)[0].to).filter(({ kind }) => kind === "traf")) {
    const inside = boxes(out, traf.from + 8, traf.to);
    const track = out.readUInt32BE(inside.find(({ kind }) => kind === "tfhd").from + 12);
    const time = inside.find(({ kind }) => kind === "tfdt").from + 12;
    if (out[time - 4] !== 1) throw new Error("tfdt of 32 bits");
    out.writeBigUInt64BE(out.readBigUInt64BE(time) + BigInt(Math.round(seconds * scale[track])), time);
  }
  return out;
}

/** One broadcast: `takes` are clips with a pause before each. `late(n)` delays a part by milliseconds. */
export function broadcast(takes, late = () => 0) {
  const parts = [];
  let time = 0;
  takes.forEach(({ clip, pause_ms = 0 }, take) => {
    time += pause_ms;
    const shift = time / 1000;
    clip.parts.forEach((bytes, n) => {
      time += PART_MS;
      parts.push({ bytes: shift ? shifted(bytes, shift, clip.scales) : bytes, at: time, init: take + 1, independent: n % PARTS_PER_GOP === 0, clip });
    });
  });
  const epoch_ms = Date.now();
  const ready = (n) => epoch_ms + parts[n].at + late(n);
  const latest = () => {
    let n = parts.length - 1;
    while (n >= 0 && ready(n) > Date.now()) n--;
    return n;
  };
  /** The newest part before `n` that starts with a key picture. */
  const key = (n) => parts.slice(0, n).findLastIndex(({ independent }) => independent);
  const asked = [];
  const join = () => {
    const n = latest();
    const gap = n >= 0 && n + 1 < parts.length && parts[n + 1].at - parts[n].at > PART_MS * 2 && Date.now() > ready(n) + 1500;
    const state = n === parts.length - 1 ? "ended" : n < 0 || gap ? "waiting" : "live";
    const { codecs, width, height } = parts[Math.max(n, 0)].clip;
    return { codecs, init: parts[Math.max(n, 0)].init, first: key(n + 1), next: n + 1, part_ms: PART_MS, segment_ms: 2000, epoch_ms, width, height, state };
  };
  const answer = async (response, path) => {
    asked.push(path);
    if (path === "join") return json(response, join());
    if (path === "vod.m3u8") return text(response, "application/vnd.apple.mpegurl", vod());
    const [, kind, number] = /^([nhis])(\d+)\./.exec(path) ?? [];
    if (kind === "i") return media(response, takes[number - 1].clip.init);
    if (kind === "s") return media(response, Buffer.concat(parts.slice(number * PARTS_PER_GOP, (+number + 1) * PARTS_PER_GOP).map(({ bytes }) => bytes)));
    if (kind === "h" && key(+number) >= 0 && number <= latest() + 1) {
      const from = key(+number);
      return media(response, Buffer.concat([takes[parts[from].init - 1].clip.init, ...parts.slice(from, +number).map(({ bytes }) => bytes)]), parts[from].init);
    }
    const part = parts[number];
    if (kind !== "n" || !part) return response.writeHead(404).end();
    await new Promise((done) => setTimeout(done, Math.max(0, ready(number) - Date.now())));
    media(response, part.bytes, part.init);
  };
  const vod = () => {
    const lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:3", "#EXT-X-PLAYLIST-TYPE:VOD"];
    for (let n = 0; n * PARTS_PER_GOP < parts.length; n++) {
      const { init, at } = parts[n * PARTS_PER_GOP];
      if (n === 0 || init !== parts[n * PARTS_PER_GOP - 1].init) lines.push(...(n ? ["#EXT-X-DISCONTINUITY"] : []), `#EXT-X-MAP:URI="i${init}.mp4"`);
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(epoch_ms + at - PART_MS).toISOString()}`, "#EXTINF:2.0,", `s${n}.m4s`);
    }
    return [...lines, "#EXT-X-ENDLIST", ""].join("\n");
  };
  return { answer, asked, join, epoch_ms };
}

const json = (response, value) => text(response, "application/json", JSON.stringify(value));
const text = (response, kind, body) => response.writeHead(200, { "content-type": kind }).end(body);
const media = (response, bytes, init) => response.writeHead(200, { "content-type": "video/mp4", ...(init ? { "x-init": init } : {}) }).end(bytes);

/** A program that sends by RTMP what the canvas of glass.mjs draws: the time as a barcode, through real ffmpeg and x264. */
import { spawn } from "node:child_process";
import { once } from "node:events";

const WIDE = 640, HIGH = 360, FPS = 30;

/** One picture, planar YUV: moving grey, and the time in 48 cells on top. */
function picture(turn) {
  const frame = Buffer.alloc((WIDE * HIGH * 3) / 2, 128);
  frame.fill(60 + (turn % 120), 0, WIDE * HIGH);
  const cell = WIDE / 26;
  [...Date.now().toString(2).padStart(48, "0")].forEach((bit, index) => {
    const left = Math.floor(cell + (index % 24) * cell), top = Math.floor(Math.floor(index / 24) * cell * 1.2 + 8);
    for (let y = top; y < top + cell * 1.2; y += 1) frame.fill(bit === "1" ? 235 : 16, y * WIDE + left, y * WIDE + Math.ceil(left + cell));
  });
  return frame;
}

/** Sends to every address at once, as OBS would with "zerolatency" and a key picture a second; `stop()` ends it. */
export function sendByRtmp(addresses) {
  const words = [
    "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${WIDE}x${HIGH}`, "-r", String(FPS), "-i", "-",
    "-re", "-f", "lavfi", "-i", "sine=440:r=48000", "-map", "0:v", "-map", "1:a",
    "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", String(FPS), "-b:v", "2500k", "-c:a", "aac",
    "-flags", "+global_header", "-f", "tee", addresses.map((address) => `[f=flv:flvflags=no_duration_filesize]${address}`).join("|"),
  ];
  const ffmpeg = spawn("ffmpeg", words, { stdio: ["pipe", "ignore", "inherit"] });
  ffmpeg.stdin.on("error", () => {});
  let turn = 0;
  const draw = setInterval(() => ffmpeg.stdin.writableLength < 4 * WIDE * HIGH && ffmpeg.stdin.write(picture((turn += 1))), 1000 / FPS);
  return {
    async stop() {
      clearInterval(draw);
      if (ffmpeg.exitCode !== null) return;
      const gone = once(ffmpeg, "exit");
      // Asked kindly it would wait for addresses that do not answer any more.
      ffmpeg.kill("SIGKILL");
      await gone;
    },
  };
}

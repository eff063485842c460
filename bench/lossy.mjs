/**
 * `./run bench lossy [--seconds N] [--loss 1,3]`: from glass to glass over a bad line, 60 ms there and back, with packets
 * lost each way (bench/src/line.rs). The viewers' browser lives at the far end of the line, in a network namespace: so
 * this needs root, and nginx with its RTMP module (Debian: nginx-light, libnginx-mod-rtmp) as the reference. Everybody
 * watches at the same time over the same line as themselves alone: one after the other, so that none takes from another.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync, chmodSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { browser, DESK, person } from "../tests/browser/people.mjs";
import { program, startMarket } from "../tests/browser/market.mjs";
import { mainButton, newShow, press, seller } from "../tests/browser/steps.mjs";
import { sendByRtmp } from "./encoder.mjs";
import { figure, number, quantile, say } from "./figures.mjs";
import { publish, take, watch, watchByHls } from "./glass.mjs";

const HERE = "10.99.0.1";
const DELAY_MS = 30;
const SETTLE_MS = 8_000;
/** A picture that stands longer than this has stalled: nine frames. */
const STALL_MS = 300;
const PROMISE = { p50: 900, p95: 1_500, stalled: 1, whep: 250, nginx: 3 };
const seconds = number("--seconds", 30);
const asked = process.argv.indexOf("--loss");
const losses = (asked < 0 ? "1,3" : (process.argv[asked + 1] ?? "")).split(",").map(Number).filter((loss) => loss >= 0);
if (losses.length === 0) throw new Error("--loss takes per cent, for example 1,3");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const bench = program().replace(/dangol$/, "bench");

/** The line, up; `stop()` takes it down with its namespace. */
async function line(name, loss) {
  const child = spawn(bench, ["line", name, "--delay-ms", String(DELAY_MS), "--loss", String(loss)], { stdio: ["pipe", "pipe", "inherit"] });
  const [word] = await Promise.race([once(createInterface(child.stdout), "line"), once(child, "exit")]);
  if (word !== "up") throw new Error("the line did not come up: it needs root, `ip` and /dev/net/tun");
  return {
    async stop() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

/** A browser that lives at the far end. */
async function browserIn(name, folder) {
  const wrapper = join(folder, `chromium-${name}`);
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${name} ${process.env.CHROMIUM ?? "/usr/bin/chromium"} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const before = process.env.CHROMIUM;
  process.env.CHROMIUM = wrapper;
  try {
    return await browser();
  } finally {
    if (before === undefined) delete process.env.CHROMIUM;
    else process.env.CHROMIUM = before;
  }
}

/** nginx-rtmp as its users tune it for low latency: fragments of a second, a key picture a second. */
async function nginx(folder) {
  const [rtmp, http] = [19_350, 19_351];
  mkdirSync(join(folder, "hls"), { recursive: true });
  writeFileSync(join(folder, "nginx.conf"), `
    load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
    user root; daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 256; }
    rtmp { server { listen ${HERE}:${rtmp}; application live { live on; hls on; hls_path ${folder}/hls; hls_fragment 1s; hls_playlist_length 6s; } } }
    http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      server { listen ${HERE}:${http}; add_header Access-Control-Allow-Origin *; add_header Cache-Control no-cache;
        types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; } location / { root ${folder}/hls; } } }`);
  const child = spawn("nginx", ["-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  await sleep(500);
  if (child.exitCode !== null) throw new Error("nginx did not start; is libnginx-mod-rtmp installed?");
  return {
    push: `rtmp://${HERE}:${rtmp}/live/show`,
    play: `http://${HERE}:${http}/show.m3u8`,
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** What a viewer sees once settled: delays, and the share of the time that the picture stood. */
async function measure(viewer) {
  await viewer.page.waitForFunction(() => globalThis.seen?.first !== undefined, null, { timeout: 60_000 });
  await sleep(SETTLE_MS);
  await take(viewer);
  await sleep(seconds * 1000);
  const seen = await take(viewer);
  const mode = await viewer.page.evaluate(() => document.querySelector("live-player")?.stats.mode);
  await viewer.leave();
  const delays = seen.map(([, delay]) => delay);
  const stood = seen.slice(1).reduce((sum, [at], index) => sum + Math.max(0, at - seen[index][0] - STALL_MS), 0);
  const [p50, p95, stalled] = [quantile(delays, 0.5), quantile(delays, 0.95), (100 * stood) / (seconds * 1000)];
  say(`${mode ?? "hls.js"}: p50 ${p50} ms, p95 ${p95} ms, stood ${stalled.toFixed(2)} % of the time`);
  return { p50, p95, stalled, mode };
}

const folder = mkdtempSync(join(tmpdir(), "dangol-lossy-"));
let current = await line("dgl0", losses[0]);
const market = await startMarket("bench-lossy", { host: HERE, more: ["--whep", "8"] });
const chrome = await browser();
const reference = await nginx(folder);
try {
  const studio = await seller(chrome, market, { screen: DESK });
  const first = await newShow(studio);
  await studio.page.goto("/health/live");
  const publisher = await person(chrome, market, { screen: DESK });
  await publisher.page.goto("/health/live");
  await publisher.page.evaluate(publish, first);
  await sleep(SETTLE_MS);

  for (const [index, loss] of losses.entries()) {
    if (index) {
      await current.stop();
      current = await line(`dgl${index}`, loss);
    }
    say(`${loss} % of the packets lost each way, ${2 * DELAY_MS} ms there and back`);
    const far = await browserIn(`dgl${index}`, folder);
    const chain = await measure(await watch(far, market, first.id));
    const webrtc = await measure(await watch(far, market, first.id, { webrtc: true }));
    const hls = await measure(await watchByHls(far, market, `/media/${first.id}/multi.m3u8`));
    await far.close();
    const of = `lossy.${loss}`;
    figure(`${of}.chain_p50`, chain.p50, "ms", PROMISE.p50, "promise at 1 %");
    figure(`${of}.chain_p95`, chain.p95, "ms", PROMISE.p95, "promise at 1 %");
    figure(`${of}.chain_stalled`, chain.stalled, "%", PROMISE.stalled, "promise at 1 %");
    figure(`${of}.chain_p50_of_hls`, chain.p50, "ms", hls.p50, "hls.js as it comes");
    figure(`${of}.whep_p50`, webrtc.mode === "whep" ? webrtc.p50 : NaN, "ms", PROMISE.whep, "promise at 1 %");
    figure(`${of}.whep_stalled`, webrtc.stalled, "%", Math.max(chain.stalled, 0.01), "chain");
  }

  say("a program by RTMP: the chain beside nginx-rtmp");
  await publisher.leave();
  await studio.page.request.post(`/live/${first.id}/ending`, { headers: { accept: "application/json", "sec-fetch-site": "same-origin" } });
  const second = await newShow(studio);
  await studio.page.goto(`/sell/${studio.store}/live/${second.id}/encoder`);
  await press(studio.page, mainButton(studio.page));
  const [server, key] = await studio.page.locator("share-button").evaluateAll((all) => all.map((one) => one.dataset.copy));
  await studio.leave();
  if (losses[0] !== losses.at(-1)) {
    await current.stop();
    current = await line("dgl9", losses[0]);
  }
  const name = losses[0] !== losses.at(-1) ? "dgl9" : "dgl0";
  const encoder = sendByRtmp([`${server}/${key}`, reference.push]);
  await sleep(SETTLE_MS);
  const far = await browserIn(name, folder);
  const ours = await measure(await watch(far, market, second.id));
  const theirs = await measure(await watchByHls(far, market, reference.play));
  await far.close();
  await encoder.stop();
  figure("lossy.rtmp_chain_p50", ours.p50, "ms", theirs.p50, "nginx-rtmp, hls.js");
  figure("lossy.nginx_slower", theirs.p50 / ours.p50, "times", PROMISE.nginx, "promise");
  figure("lossy.rtmp_chain_stalled", ours.stalled, "%", Math.max(theirs.stalled, 0.01), "nginx-rtmp, hls.js");
} finally {
  await chrome.close();
  await market.stop();
  await reference.stop();
  await current.stop();
  rmSync(folder, { recursive: true, force: true });
}

// The studio in real Chromium with a fake camera; another page answers as the WHIP server would.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { body, eventually, launch, phone, serve } from "./house.mjs";

const WORDS = ["asking", "ready", "denied", "inapp", "connecting", "air", "again", "lost", "ended", "silent", "good", "fair", "poor", "green", "yellow", "red", "end-again"];
const STUDIO = `<go-live data-broadcast="b" data-whip="/media/b/whip" data-key="secret" data-ending="/live/b/ending" data-after="/after" ${WORDS.map((word) => `data-say-${word}="${word}"`).join(" ")}>
<video class="preview" muted playsinline autoplay></video><p class="state" role="status"></p><span class="light"></span><span class="mic-level"></span><p class="uplink"></p>
<ul class="findings">${["dark", "backlit", "shaking", "sideways", "muted", "quiet", "lossy", "battery"].map((find) => `<li data-find="${find}" hidden>${find}</li>`).join("")}</ul>
<a data-act="outside" hidden>outside</a><button data-act="start">start</button><button data-act="flip">flip</button><button data-act="mute" aria-pressed="false">mute</button><form method="post" action="/live/b/ending"><button data-act="end">end</button></form></go-live>`;

let server, base, browser, other;
let said = [];
let refuse = 0;

before(async () => {
  browser = await launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection");
  ({ server, base } = await serve(async (path, request, response) => {
    if (path === "/studio") return STUDIO;
    if (path === "/blank") return "blank";
    if (path === "/after") return "after";
    const sent = request.headers["content-type"] === "application/octet-stream" ? "" : await body(request);
    said.push(`${request.method} ${path} ${request.headers.authorization ?? ""}`.trim());
    if (path === "/media/b/whip" && refuse) return void response.writeHead(refuse, { "content-type": "application/problem+json" }).end('{"detail":"이 방송은 끝났어요."}');
    if (path === "/media/b/whip") {
      const sdp = await other.evaluate(answer, sent);
      return void response.writeHead(201, { "content-type": "application/sdp", location: "/media/b/whip/s1" }).end(sdp);
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  }));
  other = await browser.newPage();
  await other.goto(`${base}/blank`);
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** What a WHIP server does, in a page. */
async function answer(sdp) {
  const peer = (globalThis.peer = new RTCPeerConnection());
  peer.ontrack = ({ track }) => ((globalThis.tracks ??= {})[track.kind] = track);
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription(await peer.createAnswer());
  await new Promise((done) => {
    if (peer.iceGatheringState === "complete") done();
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
  });
  return peer.localDescription.sdp;
}
async function enter() {
  said = [];
  const page = await phone(browser, `${base}/studio`);
  await page.waitForFunction(() => document.querySelector("go-live").dataset.state === "ready");
  return page;
}
const state = (page, wanted) => page.waitForFunction((is) => document.querySelector("go-live").dataset.state === is, wanted);
const received = () => other.evaluate(async () => {
  let codec = "", bytes = 0;
  const reports = await globalThis.peer.getStats();
  reports.forEach((r) => { if (r.type === "inbound-rtp" && r.kind === "video") { bytes = r.bytesReceived; codec = reports.get(r.codecId)?.mimeType + " " + reports.get(r.codecId)?.sdpFmtpLine; } });
  return { codec, bytes };
});

test("before air: the picture, a moving microphone bar and the uplink in words", async () => {
  const page = await enter();
  await page.waitForFunction(() => document.querySelector(".preview").videoWidth > 0);
  await page.waitForFunction(() => Number(document.querySelector(".mic-level").style.getPropertyValue("--level")) > 0.2);
  await page.waitForFunction(() => document.querySelector(".uplink").textContent === "good");
  assert.ok(said.includes("POST /media/b/uplink Bearer secret"), said.join());
  assert.ok(await page.locator(".preview.mirror").count());
  await page.close();
});

test("one tap is on air in H.264, the light is green, mute and flip keep it on air", async () => {
  const begin = async () => {
    const page = await enter();
    await page.locator("[data-act=start]").click();
    await state(page, "air");
    return page;
  };
  const green = (page) =>
    page.waitForFunction(() => document.querySelector(".light").dataset.light === "green", null, { timeout: 20_000 });
  let page = await begin();
  // A machine that was busy for a moment makes Chromium think little of the line, and it is slow to think better of it.
  await green(page).catch(async () => {
    await page.close();
    page = await begin();
    await green(page);
  });
  const now = await received();
  assert.match(now.codec, /H264.*packetization-mode=1/);
  await page.locator("[data-act=mute]").click();
  assert.equal(await page.locator("[data-act=mute]").getAttribute("aria-pressed"), "true");
  await page.locator("[data-act=flip]").click();
  await page.waitForFunction(() => !document.querySelector(".preview").classList.contains("mirror"));
  const before = (await received()).bytes;
  await eventually(received, ({ bytes }) => bytes > before, "pictures go on after the flip");
  assert.equal(await page.evaluate(() => document.querySelector("go-live").dataset.state), "air");
  await page.close();
});

test("a broken line comes back by itself", async () => {
  const page = await enter();
  await page.locator("[data-act=start]").click();
  await state(page, "air");
  await other.evaluate(() => globalThis.peer.close());
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await eventually(() => said.filter((line) => line.startsWith("POST /media/b/whip")).length, (count) => count === 2, "no second try");
  await state(page, "air");
  await eventually(() => said, () => said.includes("DELETE /media/b/whip/s1 Bearer secret"), "the lost session is not let go");
  await page.close();
});

test("the first tap on end only arms it, the second ends the show", async () => {
  const page = await enter();
  await page.locator("[data-act=start]").click();
  await state(page, "air");
  await page.locator("[data-act=end]").click();
  assert.equal(await page.locator("[data-act=end]").textContent(), "end-again");
  assert.ok(!said.some((line) => line.includes("ending")));
  await page.locator("[data-act=end]").click();
  await page.waitForURL("**/after");
  assert.ok(said.includes("POST /live/b/ending"), said.join());
  await page.close();
});

test("what the server says against it is shown as it says it", async () => {
  const page = await enter();
  refuse = 410;
  await page.locator("[data-act=start]").click();
  await state(page, "blocked");
  refuse = 0;
  assert.equal(await page.locator(".state").textContent(), "이 방송은 끝났어요.");
  assert.equal(await page.locator("go-live[data-on-air]").count(), 0);
  await page.close();
});

test("inside KakaoTalk the way out is shown", async () => {
  const context = await browser.newContext({ userAgent: "Mozilla/5.0 (Linux; Android 13) Chrome/120 KAKAOTALK 10.4.0" });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  await page.goto(`${base}/studio`);
  await state(page, "blocked");
  assert.equal(await page.locator(".state").textContent(), "inapp");
  assert.match(await page.locator("[data-act=outside]").getAttribute("href"), /^kakaotalk:\/\/web\/openExternal\?url=http/);
  await context.close();
});

/** A studio whose camera and microphone are drawn and played here, with one thing wrong. */
async function broken(fault) {
  const context = await browser.newContext({ viewport: { width: 360, height: 800 }, hasTouch: true, isMobile: true, permissions: ["camera", "microphone"] });
  const page = await context.newPage();
  if (fault === "lossy") {
    let asked = 0;
    await page.route("**/uplink", (route) => ((asked += 1) % 2 ? route.abort() : route.continue()));
  }
  if (fault === "sideways") await page.setViewportSize({ width: 800, height: 360 });
  await page.addInitScript((fault) => {
    navigator.getBattery = async () => ({ level: fault === "battery" ? 0.1 : 0.9, charging: false });
    navigator.mediaDevices.getUserMedia = async () => {
      const [wide, high] = fault === "sideways" ? [640, 360] : [360, 640];
      const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: high });
      const brush = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        n += 1;
        brush.fillStyle = fault === "dark" ? "#0a0a0a" : fault === "backlit" ? "#fff" : "#777";
        brush.fillRect(0, 0, wide, high);
        const shake = fault === "shaking" ? (Math.floor(n / 4) % 2) * 40 : 0;
        if (fault !== "dark" && fault !== "backlit") for (let box = 0; box < 60; box++) {
          brush.fillStyle = `hsl(40 20% ${25 + ((box * 37) % 55)}%)`;
          brush.fillRect(((box * 83) % wide) + shake - 20, ((box * 131) % high) - 20, 45, 70);
        }
        if (fault === "backlit") {
          brush.fillStyle = "#161616";
          brush.fillRect(wide / 4, high / 5, wide / 2, (high * 3) / 5);
        }
      }, 62);
      const audio = new AudioContext();
      const out = audio.createMediaStreamDestination();
      const voice = audio.createOscillator();
      const gain = audio.createGain();
      gain.gain.value = fault === "muted" ? 0 : fault === "quiet" ? 0.004 : 0.2;
      voice.connect(gain).connect(out);
      voice.start();
      document.addEventListener("pointerdown", () => audio.resume());
      return new MediaStream([...canvas.captureStream(16).getVideoTracks(), ...out.stream.getAudioTracks()]);
    };
  }, fault);
  await page.goto(`${base}/studio`);
  await page.locator("body").click({ position: { x: 1, y: 1 } });
  return page;
}
const found = (page) => page.locator(".findings [data-find]:visible").evaluateAll((all) => all.map((one) => one.dataset.find));

for (const fault of ["dark", "backlit", "shaking", "sideways", "muted", "quiet", "lossy", "battery"]) {
  test(`the pre-flight finds: ${fault}`, async () => {
    const page = await broken(fault);
    await page.locator(`[data-find=${fault}]:visible`).waitFor({ timeout: 30_000 });
    assert.deepEqual(await found(page), [fault]);
    await page.context().close();
  });
}

test("the pre-flight finds nothing where nothing is wrong", async () => {
  const page = await broken("nothing");
  await page.waitForFunction(() => document.querySelector("go-live").dataset.state === "ready");
  await page.waitForTimeout(10_000);
  assert.deepEqual(await found(page), []);
  await page.context().close();
});

/**
 * A show with more hands: a nephew without an account keeps the room from his phone and is the second camera; then a
 * program (real ffmpeg, as OBS would) sends the show through the market's one port.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person, PHONE } from "../people.mjs";
import { mainButton, newShow, press, seller, signIn } from "../steps.mjs";

let market, chrome, stall, nephew, shopper, show, desk;

before(async () => {
  market = await startMarket("more-hands");
  chrome = await browser();
  stall = await seller(chrome, market, { screen: PHONE });
  nephew = await person(chrome, market, { screen: PHONE });
  shopper = await person(chrome, market, { screen: PHONE });
  await signIn(shopper);
});

after(async () => {
  await chrome?.close();
  await market?.stop();
});

const studio = () => stall.page.goto(`/sell/${stall.store}/live/${show.id}`);
const said = ({ page }, text) => page.locator(".chat li", { hasText: text });
const joined = async () => (await shopper.page.request.get(`/media/${show.id}/join`)).json();

test("the seller shows a picture, and the nephew helps without an account", async () => {
  show = await newShow(stall);
  await stall.page.goto(`/sell/${stall.store}/live/${show.id}/helpers`);
  await stall.look("helpers");
  const address = await stall.page.locator("share-button").getAttribute("data-url");
  await nephew.page.goto(new URL(address).pathname + new URL(address).search);
  await nephew.look("helping");
  await nephew.page.locator("[name=name]").fill("조카 민수");
  await press(nephew.page, mainButton(nephew.page));
  await nephew.page.waitForURL(/\/desk$/);
  desk = nephew.page.url();
  await nephew.look("desk-helper");
});

test("he hides a line and shows a product, and the room follows", async () => {
  await studio();
  await stall.page.locator('go-live[data-state="ready"]').waitFor();
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await shopper.page.goto(`/live/${show.id}`);
  await shopper.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
  await shopper.page.locator('form.talk [name="text"]').fill("여기 사지 마세요");
  await shopper.page.locator('form.talk [name="text"]').press("Enter");
  await said(nephew, "여기 사지 마세요").locator('form [formaction$="/muting"]').waitFor();
  await nephew.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
  await nephew.look("desk-helper-air");
  await said(nephew, "여기 사지 마세요").locator("form button").first().click();
  await said(shopper, "여기 사지 마세요").waitFor({ state: "detached" });
  await nephew.page.locator("[data-pin]").first().click();
  await shopper.page.locator(".pinned [data-buy]").first().waitFor();
});

test("his phone becomes the second camera, and the seller takes the picture back", async () => {
  await nephew.page.locator('a[href$="/camera"]').click();
  await nephew.page.locator('go-live[data-state="ready"]').waitFor();
  await nephew.look("second-camera");
  // Whoever lost the place asks for it again for a while.
  for (const one of [stall, nephew]) one.expect(/409/);
  const before = (await joined()).init;
  await nephew.page.locator('[data-act="start"]').click();
  await nephew.page.locator('go-live[data-state="air"]').waitFor();
  await stall.page.locator(".state", { hasText: "다른 카메라가 방송하고 있어요" }).waitFor();
  assert.ok((await joined()).init > before, "a camera of its own");
  assert.equal((await joined()).state, "live");
  await stall.look("studio-other-camera", { whole: false });
  await stall.page.locator('[data-act="start"]').click();
  await stall.page.locator('go-live[data-state="air"]').waitFor();
  await nephew.page.locator(".state", { hasText: "다른 카메라가 방송하고 있어요" }).waitFor();
  const at = await shopper.page.evaluate(() => document.querySelector("live-player video").currentTime);
  await shopper.page.waitForFunction((at) => document.querySelector("live-player video").currentTime > at + 1, at);
});

test("a program sends the show with its stream key", async () => {
  await stall.page.goto(`/sell/${stall.store}/live/${show.id}/encoder`);
  await stall.look("encoder");
  await press(stall.page, mainButton(stall.page));
  await stall.look("encoder-key");
  const [server, key] = await stall.page.locator("share-button").evaluateAll((all) => all.map((one) => one.dataset.copy));
  assert.equal(server, `rtmp://localhost:${market.port}/live`);
  const words = [
    "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=720x1280:r=30", "-f", "lavfi", "-i", "sine=440:r=48000",
    "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-x264-params", "bframes=2", "-g", "60", "-pix_fmt", "yuv420p",
    "-c:a", "aac", "-f", "flv", `${server.replace("localhost", "127.0.0.1")}/${key}`,
  ];
  // The phones' cameras have left with their pages.
  await nephew.page.goto(desk);
  const program = spawn("ffmpeg", words, { stdio: ["ignore", "inherit", "inherit"] });
  try {
    await shopper.page.waitForFunction(() => document.querySelector("live-player video").videoWidth === 720);
    const at = await shopper.page.evaluate(() => document.querySelector("live-player video").currentTime);
    await shopper.page.waitForFunction((at) => document.querySelector("live-player video").currentTime > at + 2, at);
    await shopper.look("watching-a-program", { whole: false });
    await stall.page.goto(`/live/${show.id}/desk`);
    await stall.page.waitForFunction(() => document.querySelector("live-player video")?.currentTime > 0);
    await stall.look("desk");
    await stall.page.goto(`/sell/${stall.store}/live/${show.id}/encoder`);
    assert.match(await stall.page.locator("main").innerText(), /720×1280/);
  } finally {
    program.kill();
    await once(program, "exit");
  }
});

test("the seller lets the nephew go, and his desk closes", async () => {
  await stall.page.goto(`/sell/${stall.store}/live/${show.id}/helpers`);
  await press(stall.page, stall.page.locator('form[action$="/removal"] button'));
  nephew.expect(/401/);
  await nephew.page.goto(desk);
  assert.doesNotMatch(nephew.page.url(), /\/desk$/);
  const ended = await stall.page.request.post(`/live/${show.id}/ending`, { headers: { accept: "application/json", "sec-fetch-site": "same-origin" } });
  assert.ok(ended.ok(), await ended.text());
});

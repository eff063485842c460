/**
 * People with browsers. `browser()` starts one real Chromium whose camera and microphone are drawn by itself;
 * each person gets a context of their own, and whatever goes wrong on their pages is kept as a complaint: console
 * errors, exceptions, refused code (CSP), failed requests and broken answers.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { RESULTS } from "./market.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const PHONE = { width: 360, height: 800 };
export const DESK = { width: 1280, height: 900 };
/** 200 % zoom of a 640 px window, which is also the narrowest phone WCAG asks for. */
export const NARROW = { width: 320, height: 640 };

const FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows", "--disable-features=CalculateNativeWinOcclusion",
  "--autoplay-policy=no-user-gesture-required",
];

export function browser(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Chromium refuses its sandbox to root, and only to root.
    args: [...FLAGS, ...(process.getuid() === 0 ? ["--no-sandbox"] : []), ...more],
  });
}

/** A person at a screen: `page`, `complaints`, and `look(name)`, which reads, checks and keeps the page. */
export async function person(chrome, market, { screen = PHONE, javascript = true, dark = false, language = "ko-KR" } = {}) {
  const phone = screen.width < 600;
  const context = await chrome.newContext({
    baseURL: market.base, viewport: screen, isMobile: phone, hasTouch: phone, deviceScaleFactor: phone ? 2 : 1,
    locale: language, timezoneId: "Asia/Seoul", javaScriptEnabled: javascript, permissions: ["camera", "microphone"],
    colorScheme: dark ? "dark" : "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const self = { context, page, complaints: [], expected: [], javascript };
  watch(self);
  self.look = (name, options) => look(self, name, options);
  /** What may go wrong on purpose, such as the 404 of a page that is gone. */
  self.expect = (pattern) => self.expected.push(pattern);
  self.leave = () => context.close();
  return self;
}

function watch(self) {
  const complain = (text) => {
    if (!self.expected.some((pattern) => pattern.test(text))) self.complaints.push(text);
  };
  const { page } = self;
  page.on("console", (message) => {
    if (message.type() === "error") complain(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complain(`exception: ${error.message}`));
  page.on("response", (answer) => {
    if (answer.status() >= 400) complain(`answer: ${answer.status()} ${answer.request().method()} ${answer.url()}`);
  });
  self.context.on("weberror", (error) => complain(`exception: ${error.error().message}`));
}

/**
 * Looks at the page as it stands: axe must find nothing, nothing may stick out sideways, no one may have complained,
 * and a screenshot lands in test-results/NAME.png for somebody to look at. Without JavaScript axe cannot run.
 */
async function look(self, name, { axe = self.javascript, whole = true } = {}) {
  const { page } = self;
  mkdirSync(RESULTS, { recursive: true });
  // The picture is for people: a compositor too busy with video to give one has not broken the page.
  const picture = () => page.screenshot({ path: join(RESULTS, `${name}.png`), fullPage: whole });
  await picture().catch(() => picture().catch(({ message }) => console.warn(`no picture of ${name}: ${message.split("\n")[0]}`)));
  await noSidewaysScroll(page, name);
  if (axe) await axeFindsNothing(page, name);
  assert.deepEqual(self.complaints, [], `complaints on ${name} (${page.url()})`);
}

export async function noSidewaysScroll(page, name) {
  const wide = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const out = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > clientWidth + 1);
    return [`page is ${scrollWidth} px wide on ${clientWidth}`, ...out.slice(0, 5).map((node) => node.outerHTML.slice(0, 120))];
  });
  assert.deepEqual(wide, [], `${name} scrolls sideways`);
}

export async function axeFindsNothing(page, name) {
  // Through the debugger, not a script tag: the page's CSP stays exactly as shoppers get it.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    // Pages that fade in are judged when they have arrived; a lamp that blinks for ever is not waited for.
    const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.all(ending.map((animation) => animation.finished.catch(() => {})));
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 140)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
  });
  assert.deepEqual(found, [], `axe on ${name} (${page.url()})`);
}

/** A stallholder opens a store in five questions, puts a product with photos into it, and sees an order come in. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { startMarket } from "../market.mjs";
import { browser, person } from "../people.mjs";
import { answerQuestions, mainButton, order, pay, press, signIn } from "../steps.mjs";

let market, chrome, stall, folder, photos, product;

before(async () => {
  market = await startMarket("opening-a-store");
  chrome = await browser();
  stall = await person(chrome, market);
  folder = mkdtempSync(join(tmpdir(), "dangol-photos-"));
  // Real photographs in size and format: twelve megapixels, drawn by ffmpeg.
  photos = ["red", "green"].map((colour) => {
    const path = join(folder, `${colour}.jpg`);
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `mandelbrot=size=4000x3000`, "-frames:v", "1", "-q:v", "3", "-y", path]);
    return path;
  });
});

after(async () => {
  await chrome?.close();
  await market?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test("five questions open a store", async () => {
  const { page } = stall;
  await signIn(stall);
  await page.goto("/sell");
  await stall.look("sell-first");
  await page.goto("/sell/open");
  let questions = 0;
  while (page.url().includes("/sell/open") && questions < 6) {
    questions += 1;
    await stall.look(`sell-open-${questions}`);
    await answer(page);
    await press(page, mainButton(page));
  }
  assert.ok(questions <= 5, `${questions} pages of questions`);
  stall.store = new URL(page.url()).pathname.split("/")[2];
  stall.front = await page.locator('main a[href^="/stores/"]').first().getAttribute("href");
  await stall.look("sell-opened");
  await page.goto(`/sell/${stall.store}`);
  await stall.look("sell-home");
});

/** Answers what is asked on this page, whatever the order of the questions. */
async function answer(page) {
  const said = {
    name: "달빛 손두부", line: "새벽에 갈아 아침에 팔아요", pickup: "너울포시 장터길 3, 나 골목", hours: "매일 06:30–19:00", phone: "01000000066", company: "달빛손두부", representative: "이달빛",
    business: "000-00-00067", address: "너울포시 장터길 3", postcode: "00000", story: "새벽 네 시에 콩을 갈아요.",
    email: "tofu@example.com", title: "손두부 한 모", price: "4500", stock: "20", origin: "국산(콩)", unit: "한 모",
  };
  for (const group of await page.locator("main fieldset:visible:has(input[type=radio])").all()) {
    if (!(await group.locator("input:checked").count())) await group.locator("label").first().click();
  }
  for (const field of await page.locator("main input:visible, main textarea:visible").all()) {
    const kind = await field.getAttribute("type");
    if (["radio", "file", "search", "hidden"].includes(kind)) continue;
    const name = (await field.getAttribute("name")) ?? "";
    if (kind === "checkbox") { if (name.endsWith("exempt") || (await field.getAttribute("required")) !== null) await field.check(); continue; }
    if (await field.inputValue()) continue;
    const key = Object.keys(said).find((word) => name.includes(word));
    if (key || (await field.getAttribute("required")) !== null) await field.fill(said[key] ?? "두부");
  }
}

test("a product with two photos stands in the store", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/products/new`);
  await stall.look("product-new");
  await answer(page);
  await page.locator("main input[type=file]").first().setInputFiles(photos);
  await stall.look("product-new-photos");
  await press(page, mainButton(page));
  await stall.look("product-questions");
  const asked = await answerQuestions(stall);
  assert.ok(asked > 0 && asked <= 12, `${asked} questions before it may be sold`);
  await stall.look("product-answered");
  await press(page, page.locator('form[action$="/sale"] button'));
  await stall.look("product-saved");
  await page.goto(stall.front);
  const link = page.locator('main a[href^="/products/"]').first();
  product = await link.getAttribute("href");
  await page.goto(product);
  const wide = await page.locator('main img[src^="/photos/"]').first().evaluate(async (image) => {
    await image.decode();
    return image.naturalWidth;
  });
  assert.ok(wide > 0 && wide <= 1600, `the photo is ${wide} px wide`);
  await stall.look("product-of-mine");
});

test("all prices stand on one screen, change in one go and come back", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/prices`);
  await page.locator("[data-step]:not([data-step^='-'])").first().click();
  assert.equal(await page.locator("input[name^='price.']").first().inputValue(), "5000");
  await stall.look("prices");
  await press(page, page.locator(".action-bar button"));
  await stall.look("prices-changed");
  await press(page, page.locator('form[action$="/undo"] button'));
  assert.equal(await page.locator("input[name^='price.']").first().inputValue(), "4500");
});

test("a table puts many products up at once", async () => {
  const { page } = stall;
  const count = Number(process.env.DANGOL_IMPORT ?? 30);
  const head = "상품번호,이름,값,개수,원산지,단위,보관 방법,소비기한,제조·수확·포장일,수입식품 신고,먹거나 쓸 때 주의할 점\n";
  const line = (at) => `F-${at},고등어 ${at}호,"1${at},000",3,국산,2마리,냉장,받은 뒤 2일,그날 새벽에 들여와요,no,뼈를 조심하세요\n`;
  const path = join(folder, "fish.csv");
  const lines = Array.from({ length: count }, (_, at) => (at < 90_000 ? line(at) : "")).join("");
  writeFileSync(path, `${head}${lines}F-x,갈치,많이,3,국산,1마리,냉장,받은 뒤 2일,dawn,no,없음\n`);
  await page.goto(`/sell/${stall.store}/imports`);
  await stall.look("imports");
  await page.locator("input[type=file]").setInputFiles(path);
  const began = Date.now();
  await press(page, mainButton(page));
  await stall.look("import-looked-over");
  const looked = Date.now();
  await press(page, mainButton(page));
  await stall.look("import-running", { whole: false });
  await page.locator('a[href$="/products"].big').waitFor({ timeout: 120_000 });
  console.log(`${count} products: looked over in ${looked - began} ms, made in ${Date.now() - looked} ms`);
  assert.match(await page.locator("main").innerText(), new RegExp(`상품 ${count}개를 올렸어요`));
  await stall.look("import-done");
  await press(page, page.locator('form[action$="/undo"] button'));
  await stall.look("import-undone");
});

test("what came in is written down, and a slip is taken back", async () => {
  const { page } = stall;
  await page.goto(`/sell/${stall.store}/stock`);
  await page.locator("details summary").first().click();
  await page.locator("details[open] input[name=quantity]").fill("30");
  await stall.look("stock-writing");
  await press(page, page.locator("details[open] button[value=received]"));
  assert.match(await page.locator("main").innerText(), /50/);
  await stall.look("stock-written");
  await press(page, page.locator('form[action$="/undo"] button'));
  await press(page, page.locator("main h2 a").first());
  assert.equal(await page.locator(".movement").count(), 3, "twenty at first, thirty, and thirty back");
  await stall.look("stock-ledger");
});

test("a text file named .jpg is refused in plain words, and nothing typed is lost", async () => {
  const { page } = stall;
  stall.expect(/4(00|13|15|22)/);
  const fake = join(folder, "fake.jpg");
  writeFileSync(fake, "this is no picture");
  await page.goto(`/sell/${stall.store}/products/new`);
  await answer(page);
  await page.locator("main input[type=file]").first().setInputFiles([fake]);
  const title = page.locator("main input[name*=title], main input[name*=name]").first();
  const typed = await title.inputValue();
  assert.ok(typed);
  await mainButton(page).click();
  await page.locator("[role=alert]:visible, .error:visible").first().waitFor();
  assert.equal(await title.inputValue(), typed);
  await stall.look("product-bad-photo");
});

test("an order appears on the stallholder's page without a reload", async () => {
  await stall.page.goto(`/sell/${stall.store}/orders`);
  await stall.look("orders-empty");
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await shopper.page.goto(product);
  await order(shopper, { handOver: "pickup" });
  await pay(shopper, "approve");
  await stall.page.locator('a[href*="/orders/"]').first().waitFor();
  await stall.look("orders-one");
  await shopper.leave();
});

test("orders are ticked, prepared, taken back, sent with their numbers, and the day is closed", async () => {
  const shopper = await person(chrome, market);
  await signIn(shopper);
  await shopper.page.goto(product);
  await order(shopper, { handOver: "parcel" });
  await pay(shopper, "approve");
  await shopper.leave();
  const { page } = stall;
  const orders = `/sell/${stall.store}/orders`;
  await page.goto(orders);
  for (const box of await page.locator("main input[name=order]").all()) await box.check();
  await stall.look("desk-ticked");
  await press(page, mainButton(page));
  assert.match(await page.locator("h1").innerText(), /2건/);
  await stall.look("desk-preparing");
  await press(page, page.locator('form[action$="/undo"] button'));
  await stall.look("desk-undone");
  await page.goto(`${orders}?all=1`);
  await press(page, mainButton(page));
  await page.goto(`${orders}?stage=preparing&all=1&q=${encodeURIComponent("김단골")}`);
  await page.locator("main details summary").first().click();
  await stall.look("desk-search");
  await press(page, mainButton(page, "main form[method=post]"));
  await page.locator("main select[name=carrier]").selectOption("cj");
  await page.locator("main input[name=tracking]").fill("6012-3456-7890");
  await stall.look("desk-sending");
  await press(page, mainButton(page));
  assert.match(await page.locator("h1").innerText(), /1건/);
  await stall.look("desk-sent");
  await page.goto(`/sell/${stall.store}/settlement`);
  await page.locator("main details summary").click();
  await stall.look("settlement");
  await page.goto(`/sell/${stall.store}/day-closes`);
  await stall.look("day-open");
  await press(page, mainButton(page));
  await stall.look("day-closed");
});

test("somebody else's store is not there", async () => {
  const other = await person(chrome, market);
  await signIn(other);
  other.expect(/40[34]/);
  const answer = await other.page.goto(`/sell/${stall.store}/orders`);
  assert.ok([403, 404].includes(answer.status()), `answered ${answer.status()}`);
  await other.leave();
});

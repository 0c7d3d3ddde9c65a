// The demo, as a user uses it: mouse, keyboard, files; on a desktop and on a phone.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { executable, launch } from "./browser.mjs";
import { serve } from "./server.mjs";

const ROOT = process.env.NNTC_ROOT, BUILT = join(ROOT, "codec", "nntc-web", "demo", "dist"), SHOTS = process.env.NNTC_SCREENSHOTS;
const skip = !executable() ? "no Chromium (Debian: chromium)" : !existsSync(BUILT) ? "the demo is not built (npm run demo)" : false;
let server, browser;
before(async () => {
  if (skip) return;
  server = await serve({ "": BUILT });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const shot = async (page, name) => SHOTS && writeFile(join(SHOTS, `${name}.png`), await page.screenshot({ fullPage: true }));

async function open(options) {
  const page = await browser.newPage(options), complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(`${server.url}/index.html`);
  return { page, complaints };
}

async function loadNetwork(page, number) {
  await page.locator("#model").selectOption(String(number));
  await page.getByRole("button", { name: "Load" }).click();
  await page.getByText("Ready: decoded while it arrived").waitFor({ timeout: 60_000 });
}

for (const [device, options] of [
  ["desktop-light", { viewport: { width: 1200, height: 900 } }],
  ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
])
  test(`a drawn digit is read: ${device}`, { skip }, async () => {
    const { page, complaints } = await open(options);
    await shot(page, `${device}-first`);
    await loadNetwork(page, 0);
    const pad = page.locator("#pad");
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox(), at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
    const stroke = async (points) => {
      await page.mouse.move(...at(...points[0]));
      await page.mouse.down();
      for (const point of points.slice(1)) await page.mouse.move(...at(...point), { steps: 4 });
      await page.mouse.up();
    };
    const circle = Array.from({ length: 25 }, (_, i) => [0.5 + 0.22 * Math.sin((i * Math.PI) / 12), 0.5 - 0.36 * Math.cos((i * Math.PI) / 12)]);
    await stroke(circle);
    await page.waitForFunction(() => document.querySelector("#answer b").textContent === "0", null, { timeout: 10_000 });
    await shot(page, device);
    await page.getByRole("button", { name: "Clear" }).click();
    assert.equal(await page.locator("#answer b").textContent(), "?");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

test("by keyboard alone", { skip }, async () => {
  const { page, complaints } = await open();
  const tab = async (until) => {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((id) => document.activeElement?.id === id || document.activeElement?.textContent === id, until)) return;
    }
    assert.fail(`${until} is not reached`);
  };
  await tab("Load");
  await page.keyboard.press("Enter");
  await page.getByText("Ready: decoded while it arrived").waitFor({ timeout: 60_000 });
  await tab("pad");
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowUp");
  for (let i = 0; i < 12; i++) await page.keyboard.press("Shift+ArrowDown");
  await page.waitForFunction(() => document.querySelector("#answer b").textContent === "1", null, { timeout: 10_000 });
  await page.keyboard.press("Delete");
  assert.equal(await page.locator("#answer b").textContent(), "?");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a slow connection can be stopped", { skip }, async () => {
  const { page } = await open();
  await page.getByLabel("Connection").selectOption("1");
  await page.getByRole("button", { name: "Load" }).click();
  await page.getByText(/of 1.1 MB here/).waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped.").waitFor();
  await page.close();
});

test("a picture is looked at", { skip }, async () => {
  const { page, complaints } = await open();
  await loadNetwork(page, 1);
  await page.locator("#picture").setInputFiles({ name: "red.png", mimeType: "image/png", buffer: await page.screenshot() });
  await page.getByText(/^This looks like an? \w+/).waitFor({ timeout: 10_000 });
  await shot(page, "pictures");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a file of one's own is shown, and a damaged one is refused", { skip }, async () => {
  const { page, complaints } = await open({ viewport: { width: 1000, height: 800 }, colorScheme: "dark" });
  const file = await readFile(join(ROOT, "reference_models", "trained", "images.cnn.nntc"));
  const choose = (name, buffer) => page.locator("#file").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
  await choose("images.cnn.nntc", file);
  await page.getByText(/profile main, 96,659 bytes, 40.94 times smaller/).waitFor({ timeout: 20_000 });
  assert.match(await page.locator("#sections").innerText(), /TENSOR\s+17\s+2,415\s+94,244/);
  assert.match(await page.locator("#tensors").innerText(), /stem\.0\.weight\s+float32\s+22×3×7×7\s+codebook\s+3\.47\s+1,402/);
  await shot(page, "inside");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save" }).click()]);
  assert.equal(download.suggestedFilename(), "images.cnn.onnx");
  assert.equal((await readFile(await download.path())).length, 3956895);
  const damaged = Buffer.from(file);
  damaged[50] ^= 1;
  await choose("damaged.nntc", damaged);
  await page.getByText(/damaged\.nntc: E_CRC @ \d+/).waitFor();
  await choose("model.onnx", Buffer.from("not such a file"));
  await page.getByText(/E_SIGNATURE @ 0/).waitFor();
  assert.deepEqual(complaints, []);
  await page.close();
});

// The package in headless Chromium, under a Content-Security-Policy without unsafe-eval: vectors, threads, networks.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { executable, launch } from "./browser.mjs";
import { MISSING } from "./chromium-update.mjs";
import { serve } from "./server.mjs";

const skip = executable() ? false : "no Chromium (Debian: chromium)";
const file = await readFile(join(process.env.NNTC_ROOT, "codec", "nntc", "demo", "digits.nntc"));
let server, browser, page;
const complaints = [];

before(async () => {
  if (skip) return;
  server = await serve({ "": ".", suite: process.env.NNTC_SUITE }, file);
  browser = await launch();
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && complaints.push(message.text()));
  await page.goto(`${server.url}/index.html`);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const inPage = (body, argument) =>
  page.evaluate(
    async ([text, value]) => {
      const nntc = await import("/node_modules/nntc-web/dist/index.js");
      const run = (await import(`/${text}.mjs`)).default;
      return run(nntc, value);
    },
    [body, argument],
  );

for (const [way, options] of [
  ["bytes", { worker: false }],
  ["stream", { worker: false, simd: "off" }],
])
  test(`every vector as ${way}`, { skip }, async () => {
    const found = await inPage("chromium-vectors", { way, options, every: 1 });
    assert.ok(found.count > 1800);
    assert.deepEqual(found.faults, []);
  });

test("vectors in workers, as Blobs", { skip }, async () => {
  const found = await inPage("chromium-vectors", { way: "blob", options: { output: "blob" }, every: 20 });
  assert.deepEqual(found.faults, []);
});

test("networks that fail", { skip }, async () => {
  assert.deepEqual(await inPage("chromium-network", { output: 1324331 }), {
    good: "1324331", cut: "1324331", "cut-no-ranges": "1324331", gzip: "1324331", "gzip-cut": "1324331", "no-length": "1324331", busy: "1324331",
    html: "E_SOURCE", missing: "E_SOURCE", short: "E_TRUNCATED", long: "E_TRAILING", "cut-once-replaced": "E_SOURCE_CHANGED", abort: "AbortError",
  });
});

test("decoded files are kept under their SHA-256", { skip }, async () => {
  assert.deepEqual(await inPage("chromium-cache"), {
    first: true, kept: ["https://nntc.invalid/sha256/SHA", "https://nntc.invalid/of/URL"], again: true, decodedAgain: false,
    offline: true, damaged: true, full: true, errors: ["E_STORE"],
  });
});

test("updates, with a base from anywhere and from what nntcFetch keeps", { skip }, async () => {
  const { updates, missing, ...found } = await inPage("chromium-update");
  assert.ok(updates.count > 20);
  assert.deepEqual(updates.found, []);
  assert.deepEqual(missing, { opened: 0, told: MISSING });
  assert.deepEqual(found, {
    nothingKept: "full", damaged: "full", kept: "updated", transferred: ["difference-product-rank-64.nntc"], keeps: [false, true], noUpdate: "full",
  });
});

test("nothing was reported by the page or its policy", { skip }, () => assert.deepEqual(complaints, []));

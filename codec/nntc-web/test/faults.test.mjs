// Servers and connections that fail: the file comes all the same, or there is one clear error.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decode, NntcError } from "nntc-web";
import { serve } from "./server.mjs";

const file = await readFile(join(process.env.NNTC_ROOT, "codec", "nntc", "demo", "digits.nntc"));
let server;
before(async () => (server = await serve({}, file)));
after(() => server.close());

let names = 0;
const url = (way) => `${server.url}/${way}/${names++}.nntc`;
const options = { worker: false };

for (const way of ["good", "cut", "cut-no-ranges", "cut-weak", "hidden", "gzip", "gzip-cut", "busy", "no-length"])
  test(`${way}: the file comes`, async () => {
    const place = url(way), { model, files } = await decode(place, options);
    assert.equal(model.length, files[0].size);
    const key = place.slice(server.url.length + 1);
    if (way === "cut") assert.ok(server.ranges[key].slice(1).every((range) => /^bytes=[1-9]/.test(range)), "goes on where it broke off");
    if (way === "cut") assert.equal(server.asked[key], Math.ceil(file.length / 300_000));
  });

for (const [way, id, words] of [
  ["html", "E_SOURCE", /page of HTML/],
  ["missing", "E_SOURCE", /404/],
  ["cut-once-replaced", "E_SOURCE_CHANGED", /replaced/],
  ["wrong-range", "E_SOURCE", /another range/],
  ["cut-replaced-silently", "E_DIGEST", /digest/],
  ["short", "E_TRUNCATED", /cut off/],
  ["long", "E_TRAILING", /left/],
  ["empty", "E_SOURCE", /after 0 bytes/],
])
  test(`${way}: ${id}`, async () => {
    await assert.rejects(decode(url(way), options), (error) => error instanceof NntcError && error.id === id && words.test(error.message));
  });

test("a server that fails for good is E_SOURCE after some tries", async () => {
  const place = url("broken");
  await assert.rejects(decode(place, { ...options, retries: 2 }), { id: "E_SOURCE", message: /500/ });
  assert.equal(server.asked[place.slice(server.url.length + 1)], 3);
});

test("no server at all is E_SOURCE", async () => {
  await assert.rejects(decode("http://127.0.0.1:1/x.nntc", { ...options, retries: 0 }), { id: "E_SOURCE" });
});

test("a connection on which nothing comes is asked for anew", async () => {
  const { model } = await decode(url("stalls"), { ...options, timeout: 300 });
  assert.ok(model.length > 0);
});

for (const worker of [false, true])
  test(`an abort ends it at once${worker ? ", in a worker too" : ""}`, async () => {
    const stop = new AbortController(), reason = new Error("enough");
    const running = decode(url("slow"), { worker, signal: stop.signal });
    setTimeout(() => stop.abort(reason), 300);
    const begun = performance.now();
    await assert.rejects(running, (error) => error === reason);
    assert.ok(performance.now() - begun < 5000);
    await assert.rejects(decode(url("good"), { worker, signal: stop.signal }), (error) => error === reason);
  });

test("responses and streams", async () => {
  assert.ok((await decode(await fetch(url("good")), options)).model.length > 0);
  assert.ok((await decode((await fetch(url("gzip"))).body, options)).model.length > 0);
  await assert.rejects(decode(await fetch(url("missing")), options), { id: "E_SOURCE" });
  await assert.rejects(decode(await fetch(url("html")), options), { id: "E_SOURCE" });
  await assert.rejects(decode(await fetch(url("cut")), options), { id: "E_SOURCE" });
  const used = await fetch(url("good"));
  await used.arrayBuffer();
  await assert.rejects(decode(used, options), { id: "E_SOURCE" });
  const wrong = new ReadableStream({ pull: (controller) => controller.enqueue("text") });
  await assert.rejects(decode(wrong, options), TypeError);
});

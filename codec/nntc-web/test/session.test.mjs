// createSession and nntcFetch in Node, with onnxruntime-web.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSession, decode, nntcFetch } from "nntc-web";
import * as ort from "onnxruntime-web";
import { serve } from "./server.mjs";

ort.env.wasm.numThreads = 1;
const file = await readFile(join(process.env.NNTC_ROOT, "codec", "nntc", "demo", "digits.nntc"));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const image = new ort.Tensor("float32", Float32Array.from({ length: 64 }, (_, i) => (i * 7) % 17), [1, 1, 8, 8]);
let server;
before(async () => (server = await serve({}, file)));
after(() => server.close());

test("a session with its weights apart gives the outputs of the plain model", async () => {
  const { model, files } = await decode(new Uint8Array(file));
  const whole = await ort.InferenceSession.create(model), apart = await createSession(ort, `${server.url}/good/a.nntc`);
  const feeds = { [whole.inputNames[0]]: image }, output = whole.outputNames[0];
  const [a, b] = [(await whole.run(feeds))[output].data, (await apart.run(feeds))[output].data];
  assert.deepEqual(a, b);
  const split = await decode(new Uint8Array(file), { output: "external", externalName: "w" });
  assert.ok(split.model.length < model.length / 10);
  assert.deepEqual(split.externalData.map((one) => one.path), ["w"]);
  assert.equal(split.files[0].sha256, files[0].sha256);
});

test("model.onnx comes from model.nntc", async () => {
  const load = nntcFetch({ worker: false }), { model } = await decode(new Uint8Array(file));
  const response = await load(`${server.url}/good/model.onnx?download=1`);
  assert.deepEqual([response.status, response.headers.get("content-length")], [200, String(model.length)]);
  assert.equal(sha256(new Uint8Array(await response.arrayBuffer())), sha256(model));
  const some = await load(new Request(`${server.url}/good/model.onnx`, { headers: { range: "bytes=10-19" } }));
  assert.deepEqual([some.status, some.headers.get("content-range")], [206, `bytes 10-19/${model.length}`]);
  assert.deepEqual(new Uint8Array(await some.arrayBuffer()), model.slice(10, 20));
  const head = await load(`${server.url}/good/model.onnx`, { method: "HEAD" });
  assert.deepEqual([head.headers.get("content-length"), (await head.arrayBuffer()).byteLength], [String(model.length), 0]);
});

test("several at once are one download", async () => {
  const load = nntcFetch({ worker: false });
  const all = await Promise.all([1, 2, 3].map(() => load(`${server.url}/good/once.onnx`)));
  assert.equal(new Set(await Promise.all(all.map(async (one) => sha256(new Uint8Array(await one.arrayBuffer()))))).size, 1);
  assert.equal(server.asked["good/once.nntc"], 1);
});

test("all else is fetched as ever", async () => {
  const load = nntcFetch({ worker: false });
  assert.equal((await load(`${server.url}/missing/model.onnx`)).status, 404);
  assert.equal((await load(`${server.url}/good/model.bin`)).headers.get("content-length"), String(file.length));
  assert.equal((await load(`${server.url}/good/model.onnx_data`)).headers.get("content-length"), String(file.length));
  await assert.rejects(load(`${server.url}/html/model.onnx`), { id: "E_SOURCE" });
  await assert.rejects(load(`${server.url}/good/model.onnx`, { signal: AbortSignal.abort(new Error("no")) }), { message: "no" });
});

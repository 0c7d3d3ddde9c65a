// All conformance vectors in Node, through the package as it is published.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { decode } from "nntc-web";
import { faults } from "./vectors.mjs";

const SUITE = process.env.NNTC_SUITE;
const { vectors } = JSON.parse(await readFile(join(SUITE, "manifest.json"), "utf8"));
const load = async (name) => new Uint8Array(await readFile(join(SUITE, name)));

for (const [way, options] of [
  ["bytes", { worker: false }],
  ["stream", { worker: false, simd: "off" }],
  ["blob", { worker: false, output: "blob", every: 5 }],
]) {
  test(`every vector as ${way}`, async () => {
    const found = [];
    for (const vector of vectors.filter((_, i) => i % (options.every ?? 1) === 0)) found.push(...(await faults(decode, vector, load, way, options)));
    assert.deepEqual(found, []);
  });
}

test("vectors in a worker, byte by byte", async () => {
  const found = [];
  for (const vector of vectors.filter((_, i) => i % 60 === 0).filter((one) => one.size < 3000))
    found.push(...(await faults(decode, vector, load, "byte by byte")));
  assert.deepEqual(found, []);
});

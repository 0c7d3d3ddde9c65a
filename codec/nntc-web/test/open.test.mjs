// open: tensors by name, and only the bytes they need.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decode, open } from "nntc-web";
import { serve } from "./server.mjs";

const SUITE = process.env.NNTC_SUITE;
const { vectors } = JSON.parse(await readFile(join(SUITE, "manifest.json"), "utf8"));
const digits = await readFile(join(process.env.NNTC_ROOT, "codec", "nntc", "demo", "digits.nntc"));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const absent = (error) => (error.id === "ABSENT" ? null : Promise.reject(error));
let server;
before(async () => (server = await serve({ suite: SUITE }, digits)));
after(() => server.close());

test("every index of the suite", async () => {
  for (const vector of vectors.filter((one) => "index" in one)) {
    const file = await open(new Uint8Array(await readFile(join(SUITE, vector.file))));
    const entries = await file.tensors().catch(absent);
    if (vector.index === null) {
      assert.equal(entries, null, vector.id);
      continue;
    }
    assert.deepEqual(entries.map((one) => one.name), vector.index.map((one) => one.name));
    for (const [i, expected] of vector.index.entries()) {
      assert.deepEqual([entries[i].dataType, entries[i].dims], [expected.data_type, expected.dims], vector.id);
      const tensor = await file.tensor(expected.name).catch(absent);
      assert.equal(tensor && sha256(tensor.data), expected.sha256, `${vector.id}: ${expected.name}`);
    }
    await assert.rejects(file.tensor("a name that no tensor has"), { id: "ABSENT" });
  }
});

test("by the graph, where there is no index, the same tensors", async () => {
  for (const vector of vectors.filter((one) => one.index?.some((tensor) => tensor.sha256) && !one.base)) {
    const data = new Uint8Array(await readFile(join(SUITE, vector.file)));
    const file = await open(data);
    const at = file.sections.find((section) => section.type === "INDEX");
    if (!at) continue;
    file.sections.forEach((section) => (section.type = section.type === "INDEX" ? "none" : section.type));
    const names = new Map(vector.index.map((tensor) => [tensor.name, tensor]));
    let graph;
    try {
      graph = await file.tensor("a name that no tensor has");
    } catch (error) {
      assert.equal(error.id, "ABSENT", vector.id);
      if (/no index/.test(error.message)) continue;
    }
    assert.equal(graph, undefined);
    for (const [name, expected] of names) {
      const tensor = await file.tensor(name).catch(absent);
      if (tensor && expected.sha256) assert.equal(sha256(tensor.data), expected.sha256, `${vector.id}: ${name}`);
    }
  }
});

test("tensors of a network without an index, of which only the graph and the section are transferred", async () => {
  const { model } = await decode(new Uint8Array(digits));
  const file = await open(`${server.url}/good/tensors.nntc`);
  const tensors = await file.tensors();
  assert.ok(tensors.length > 20);
  assert.ok(file.transferred < digits.length / 4);
  let bytes = 0;
  for (const { name, bytes: size, dims, dataType } of tensors) {
    const { data } = await file.tensor(name);
    assert.equal(data.length, size);
    if (dataType === 1) assert.equal(size, 4 * dims.reduce((product, dim) => product * dim, 1));
    assert.ok(Buffer.from(model.buffer).includes(Buffer.from(data)), name);
    bytes += size;
  }
  assert.ok(bytes > 0.95 * model.length);
  const { sections } = tensors.find((one) => one.sections.length > 0);
  assert.match((await file.coding(sections[0])).tool, /^(planes|codebook|uniform)$/);
  assert.deepEqual(await file.output(), { bytes: model.length, sha256: sha256(model) });
  await assert.rejects(file.coding(1e6), RangeError);
});

test("sections of a file, by ranges or not", async () => {
  for (const way of ["good", "no-length", "gzip", "hidden"]) {
    const file = await open(`${server.url}/${way}/sections.nntc`);
    assert.equal(file.size, digits.length);
    assert.equal(file.sections[0].type, "GRAPH");
    const last = file.sections.at(-1);
    assert.equal(last.offset + last.length, digits.length);
    if (way === "good") assert.ok(file.transferred < digits.length / 4, `${file.transferred} bytes`);
  }
  for (const [way, id] of [["html", "E_SOURCE"], ["missing", "E_SOURCE"]])
    await assert.rejects(open(`${server.url}/${way}/sections.nntc`), { id });
  await assert.rejects(open(digits.subarray(0, 100)), { id: "E_TRUNCATED" });
});

test("a tensor over the network, two at once", async () => {
  const vector = vectors.find((one) => one.index?.length > 1 && one.index.every((tensor) => tensor.sha256));
  const url = `${server.url}/suite/${vector.file}`;
  const file = await open(url);
  const found = await Promise.all(vector.index.map((tensor) => file.tensor(tensor.name)));
  assert.deepEqual(found.map((tensor) => sha256(tensor.data)), vector.index.map((tensor) => tensor.sha256));
});

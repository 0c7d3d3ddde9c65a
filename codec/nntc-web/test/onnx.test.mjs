// Models that are taken apart into graph and weights, in whatever pieces they come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Splitter } from "./node_modules/nntc-web/dist/onnx.js";
import { initializers } from "./node_modules/nntc-web/dist/graph.js";

const varint = (value) => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]);
const field = (number, content) => [...varint(number * 8 + 2), ...varint(content.length), ...content];
const number = (field, value) => [...varint(field * 8), ...varint(value)];
const text = (value) => [...new TextEncoder().encode(value)];
const raw = (size) => Array.from({ length: size }, (_, i) => (i * 7) % 256);
const tensor = (name, size) => [...number(1, size / 4), ...number(2, 1), ...field(8, text(name)), ...field(9, raw(size))];
const MODEL = [
  ...number(1, 8), ...field(2, text("maker")),
  ...field(7, [...field(2, text("net")), ...field(5, tensor("a", 4096)), ...field(1, field(4, text("Gemm"))), ...field(5, tensor("small", 40)), ...field(5, tensor("b", 2000)), ...field(11, text("input"))]),
  ...field(8, number(2, 17)),
];

/** Fields of a message: [number, content], of wire types 0 and 2. */
function* fields(bytes) {
  let at = 0;
  const next = () => {
    let value = 0, scale = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  };
  while (at < bytes.length) {
    const tag = next(), value = next();
    if (tag % 8 === 0) yield [tag >> 3, value];
    else yield [tag >> 3, bytes.slice(at, (at += value))];
  }
}

for (const size of [1, 3, 100, 1e6])
  test(`in pieces of ${size}`, () => {
    const splitter = new Splitter(MODEL.length, "w.bin", 7000), bytes = Uint8Array.from(MODEL);
    for (let at = 0; at < bytes.length; at += size) splitter.write(bytes.subarray(at, at + size));
    assert.deepEqual(splitter.plain(), bytes);
    const middle = new Uint8Array(500);
    assert.ok(splitter.back(100, middle));
    assert.deepEqual(middle, bytes.slice(100, 600));
    assert.ok(!splitter.back(bytes.length - 10, middle));
    const { model, external } = splitter.finish();
    assert.deepEqual(external.map(({ path, data }) => [path, data.length]), [["w.bin", 6096]]);
    const graph = [...fields(model)].find(([one]) => one === 7)[1];
    const tensors = [...fields(graph)].filter(([one]) => one === 5).map(([, content]) => [...fields(content)]);
    assert.equal(tensors.length, 3);
    assert.ok(tensors[1].some(([one, content]) => one === 9 && content.length === 40));
    for (const [i, from, length] of [[0, 0, 4096], [2, 4096, 2000]]) {
      const own = new Map(tensors[i].filter(([one]) => one === 13).map(([, pair]) => [...fields(pair)].map(([, word]) => new TextDecoder().decode(word))));
      assert.deepEqual(Object.fromEntries(own), { location: "w.bin", offset: String(from), length: String(length) });
      assert.ok(tensors[i].some(([one, value]) => one === 14 && value === 1));
      assert.deepEqual([...external[0].data.subarray(from, from + length)], raw(length));
    }
  });

test("what is no such model stays as it is", () => {
  for (const bytes of [text("not a model"), MODEL.slice(0, -1), [...MODEL, 0x0b], field(7, field(5, [0x4a, 0xff, 0xff, 0xff, 0xff, 0x7f])), []]) {
    const all = Uint8Array.from(bytes), splitter = new Splitter(all.length, "w", 100);
    splitter.write(all);
    const done = splitter.finish();
    if (done) assert.deepEqual([done.model, done.external], [all, []]);
    assert.deepEqual(splitter.plain(), all);
  }
});

test("millions of fields take little memory, and thousands of initializers none apart", () => {
  const many = Uint8Array.from({ length: 4 << 20 }, (_, i) => (i % 2 === 0 ? 8 : 1)), before = process.memoryUsage();
  const splitter = new Splitter(many.length, "w", 0);
  splitter.write(many);
  assert.deepEqual(splitter.plain().length, many.length);
  const after = process.memoryUsage();
  assert.ok(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers < 60 << 20);
});

test("names by the graph, with weights cut out", () => {
  const bytes = Uint8Array.from(MODEL), start = MODEL.findIndex((_, i) => i > 20 && raw(8).every((byte, k) => MODEL[i + k] === byte));
  const segments = [bytes.subarray(0, start), { kind: "part", section: 0, part: 0, bytes: 4096 }, bytes.subarray(start + 4096)];
  const found = initializers(segments, bytes.length);
  assert.deepEqual(found.map(({ name, dims, bytes: size }) => [name, dims, size]), [["a", [1024], 4096], ["small", [10], 40], ["b", [500], 2000]]);
  assert.deepEqual(found[0].content, [{ kind: "part", section: 0, part: 0, bytes: 4096, length: 4096 }]);
  assert.equal(initializers([bytes.subarray(0, start)], bytes.length), null);
  assert.equal(initializers([Uint8Array.from([7])], 1), null);
});

// decode: what it gives, tells and leaves behind.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { decode, NntcError } from "nntc-web";

const digits = new Uint8Array(await readFile(join(process.env.NNTC_ROOT, "codec", "nntc", "demo", "digits.nntc")));
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

test("all kinds of sources, outputs, threads and builds give the same bytes", async () => {
  const found = new Set();
  for (const source of [digits, digits.buffer, new DataView(digits.buffer), new Blob([digits]), new Response(digits), new Blob([digits]).stream()])
    found.add(sha256((await decode(source, { worker: false })).model));
  for (const worker of [true, false])
    for (const simd of ["on", "off"])
      for (const output of ["bytes", "blob"]) {
        const { model, files } = await decode(digits, { worker, simd, output });
        const bytes = output === "blob" ? new Uint8Array(await model.arrayBuffer()) : model;
        assert.equal(sha256(bytes), files[0].sha256);
        found.add(sha256(bytes));
      }
  assert.equal(found.size, 1);
  assert.ok(digits.length > 0, "the source is still the caller's");
});

test("progress goes up to all of it, and the files are told before they come", async () => {
  for (const worker of [true, false]) {
    const seen = [];
    let opened;
    const { model, received } = await decode(digits, { worker, onProgress: (at) => seen.push(at), onOpen: (now) => (opened ??= { ...now, after: seen.length }) });
    assert.equal(opened.files[0].size, model.length);
    assert.deepEqual(seen.at(-1), { received, size: digits.length, decoded: model.length, output: model.length });
    assert.ok(seen.every((at, i) => i === 0 || (at.received >= seen[i - 1].received && at.decoded >= seen[i - 1].decoded)));
    assert.ok(seen.length > 10);
  }
});

test("what a callback throws ends it", async () => {
  for (const worker of [true, false]) {
    const stop = () => {
      throw new Error("seen enough");
    };
    await assert.rejects(decode(digits, { worker, onOpen: stop }), { message: "seen enough" });
    await assert.rejects(decode(digits, { worker, onProgress: stop }), { message: "seen enough" });
  }
});

test("limits", async () => {
  await assert.rejects(decode(digits, { maxMemory: 1000 }), { id: "E_MEMORY" });
  await assert.rejects(decode(digits, { maxOutput: 1000 }), { id: "E_MEMORY" });
  await assert.rejects(decode(digits, { maxOutput: -1 }), RangeError);
  await assert.rejects(decode(digits, { output: "text" }), TypeError);
  await assert.rejects(decode(digits, { requireKey: "no key" }), TypeError);
  await assert.rejects(decode(digits, { requireKey: new Uint8Array(32).fill(7), threshold: 2 }), RangeError);
  await assert.rejects(decode(digits, { requireKey: new Uint8Array(32).fill(7) }), { id: "E_SIGNED" });
});

test("errors have id, offset and words", async () => {
  const broken = digits.slice();
  broken[broken.length >> 1] ^= 1;
  const error = await decode(broken).catch((caught) => caught);
  assert.ok(error instanceof NntcError);
  assert.equal(error.id, "E_DIGEST");
  assert.ok(error.offset > 0 && error.offset < digits.length);
  assert.equal(error.message, `E_DIGEST @ ${error.offset}: is damaged: digest of a section does not match`);
  assert.equal(error.unsupported, false);
});

test("eight at once", async () => {
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => decode(digits, { worker: i % 2 === 0 })));
  assert.equal(new Set(all.map(({ model }) => sha256(model))).size, 1);
});

test("memory is given back", async () => {
  const most = (use) => use.rss + 0;
  const round = async () => {
    for (let i = 0; i < 12; i++) await decode(digits, { worker: false });
    return most(process.memoryUsage());
  };
  await round();
  const first = await round();
  let last = first;
  for (let i = 0; i < 4; i++) last = await round();
  assert.ok(last - first < 40 << 20, `${last - first} bytes more after 48 decodings of ${digits.length} bytes`);
});

test("damaged files end in an error of the format, whichever byte it is", async () => {
  let seed = 1;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let i = 0; i < 150; i++) {
    const broken = digits.slice(0, random(4) === 0 ? random(digits.length) : digits.length);
    for (let k = 1 + random(3); k > 0 && broken.length > 0; k--) broken[random(random(2) ? 600 : broken.length)] = random(256);
    const said = await decode(broken, { worker: false }).then(
      () => "accepted",
      (error) => (error instanceof NntcError ? error.id : error),
    );
    assert.match(String(said), /^(accepted|E_\w+)$/);
    assert.notEqual(said, "E_ENVIRONMENT");
  }
});

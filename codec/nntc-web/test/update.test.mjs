// Updates in Node: the base as bytes, Blobs and URLs; what is told where it is missing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decode, NntcError } from "nntc-web";
import { MISSING, missing, updates } from "./chromium-update.mjs";
import { serve } from "./server.mjs";

let server;
before(async () => {
  server = await serve({ "": ".", suite: process.env.NNTC_SUITE });
});
after(() => server.close());

test("a base is given as bytes, Blobs and URLs, in any order", async () => {
  const { count, found } = await updates(decode, server.url);
  assert.ok(count > 20);
  assert.deepEqual(found, []);
});

test("a base that is missing or another is told before anything is given out", async () => {
  assert.deepEqual(await missing(decode, server.url), { opened: 0, told: MISSING });
});

test("a base that cannot be had", async () => {
  await assert.rejects(decode(new Blob(), { base: `${server.url}/none.onnx`, retries: 0 }), { name: "NntcError", id: "E_SOURCE" });
  await assert.rejects(decode(new Blob(), { base: 7 }), TypeError);
  assert.deepEqual(new NntcError("E_CRC", "is damaged").needs, []);
});

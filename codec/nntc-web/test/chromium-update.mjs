// Updates, with a base from wherever it is; for Node and for browsers.
import { digest } from "./vectors.mjs";

const answer = (promise) => promise.then(({ model }) => digest(model), (error) => error.id);

/** What decode says of the vectors with a base, given in each way; site is where the suite is served. */
export async function updates(decode, site) {
  const { vectors } = await (await fetch(`${site}/suite/manifest.json`)).json(), found = [];
  const chosen = vectors.filter((one) => one.base?.length > 0 && !one.error && /^(update|difference-(planes|product|uniform))/.test(one.id));
  for (const vector of chosen.filter((_, i) => i % 4 === 0)) {
    const file = `${site}/suite/${vector.file}`, urls = vector.base.map((base) => `${site}/suite/${base.file}`);
    const blobs = await Promise.all(urls.map(async (url) => (await fetch(url)).blob()));
    const bytes = await Promise.all(blobs.map(async (blob) => new Uint8Array(await blob.arrayBuffer())));
    const ways = { urls, blobs, bytes: bytes.reverse(), mixed: [...blobs, urls[0], new Blob(["another file"])], objects: urls.map((url) => new URL(url)) };
    if (urls.length === 1) Object.assign(ways, { url: urls[0], blob: blobs[0], buffer: bytes[0].buffer });
    for (const [way, base] of Object.entries(ways)) {
      const said = await answer(decode(file, { base, worker: false }));
      if (said !== vector.output[0].sha256) found.push(`${vector.id}, ${way}: ${said}`);
    }
  }
  return { count: chosen.length, found };
}

/** What `missing` tells: of the update of two files: without a base, with none, with the first, with the first and a wrong one; twice. */
const ONCE = ["0,1", "0,1", "1", "1"].map((which) => `E_BASE @ true: ${which}`);
export const MISSING = [...ONCE, ...ONCE];

/** What is told without the base, or with another one of its size. */
export async function missing(decode, site) {
  const { vectors } = await (await fetch(`${site}/suite/manifest.json`)).json(), told = [];
  const vector = vectors.find((one) => one.id === "update-two-bases"), [first, second] = vector.base;
  const kept = await (await fetch(`${site}/suite/${first.file}`)).blob(), other = new Uint8Array(second.size);
  let opened = 0;
  for (const worker of [true, false])
    for (const base of [undefined, [], [kept], [kept, other]])
      await decode(`${site}/suite/${vector.file}`, { base, worker, onOpen: () => opened++ }).catch((error) => {
        const needs = error.needs.map(({ size, sha256 }) => vector.base.findIndex((one) => one.size === size && one.sha256 === sha256));
        told.push(`${error.id} @ ${error.offset === vector.without_base.offset}: ${needs}`);
      });
  return { opened, told };
}

/** nntcFetch with an update beside the full file: what is given, and what is kept then. */
export default async function run({ decode, nntcFetch }) {
  const { vectors } = await (await fetch("/suite/manifest.json")).json();
  const vector = vectors.find((one) => one.id === "difference-product-rank-64"), [base] = vector.base;
  const full = (await decode("/good/full.nntc")).files[0].sha256, name = (sha256) => (sha256 === full ? "full" : sha256 === vector.output[0].sha256 ? "updated" : sha256);
  const found = { updates: await updates(decode, location.origin), missing: await missing(decode, location.origin) }, seen = new Set();
  const match = (url) => ({ url: url.replace("onnx", "nntc"), file: null, update: `/suite/${vector.file}` });
  await caches.delete("updates");
  const load = nntcFetch({ cache: "updates", match, onProgress: (url, { received, size }) => received === size && seen.add(url.replace(/.*\//, "")) });
  found.nothingKept = name(await digest(await (await load("/good/full.onnx")).arrayBuffer()));
  const cache = await caches.open("updates"), key = (sha256) => `https://nntc.invalid/sha256/${sha256}`;
  await cache.put(key(base.sha256), new Response("damaged"));
  found.damaged = name(await digest(await (await load("/good/full.onnx")).arrayBuffer()));
  await cache.put(key(base.sha256), await fetch(`/suite/${base.file}`));
  seen.clear();
  found.kept = name(await digest(await (await load("/good/full.onnx")).arrayBuffer()));
  found.transferred = [...seen];
  found.keeps = [full, vector.output[0].sha256].map(async (sha256) => Boolean(await cache.match(key(sha256))));
  found.keeps = await Promise.all(found.keeps);
  const gone = nntcFetch({ cache: "updates", match: (url) => ({ ...match(url), update: "/missing/update.nntc" }) });
  found.noUpdate = name(await digest(await (await gone("/good/full.onnx")).arrayBuffer()));
  return found;
}

// What nntcFetch keeps in Cache Storage.
const digest = async (response) => {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

export default async function run({ decode, nntcFetch }) {
  const expected = (await decode("/good/cache.nntc")).files[0].sha256, found = {}, seen = [];
  await caches.delete("nntc");
  const load = nntcFetch({ onProgress: (_, { received, size }) => seen.push([received, size]) });
  found.first = (await digest(await load("/good/cache.onnx"))) === expected;
  const cache = await caches.open("nntc");
  found.kept = (await cache.keys()).map((key) => key.url.replace(expected, "SHA").replace(/of\/.*/, "of/URL"));
  seen.length = 0;
  found.again = (await digest(await load("/good/cache.onnx"))) === expected;
  found.decodedAgain = seen.some(([received, size]) => received === size && size > 0);
  const offline = nntcFetch({ fetch: () => Promise.reject(new TypeError("offline")), retries: 0 });
  found.offline = (await digest(await offline("/good/cache.onnx"))) === expected;
  await cache.put(`https://nntc.invalid/sha256/${expected}`, new Response("damaged"));
  found.damaged = (await digest(await load("/good/cache.onnx"))) === expected;
  const errors = [];
  const put = Cache.prototype.put;
  Cache.prototype.put = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  await caches.delete("nntc");
  found.full = (await digest(await nntcFetch({ onStoreError: (error) => errors.push(error.id) })("/good/full.onnx"))) === expected;
  Cache.prototype.put = put;
  found.errors = [...new Set(errors)];
  return found;
}

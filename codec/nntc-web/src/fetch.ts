/** nntcFetch: a fetch for libraries that load `model.onnx` by themselves, which gets it from `model.nntc`. */
import { decode, type BaseData, type Decoded, type DecodeOptions, type Progress } from "./decode.js";
import type { Opened } from "./decoder.js";
import { NntcError } from "./errors.js";
import { hex } from "./bytes.js";

/** Where the bytes of a URL come from: a `.nntc` file, and which of its output files; null is the model. */
export interface Found {
  url: string | URL;
  file: string | null;
  /** An update to what `url` is now, which is taken where the base of it is kept, and is used whole or not at all. */
  update?: string | URL | undefined;
}

export interface NntcFetchOptions extends Omit<DecodeOptions, "output" | "onProgress" | "onOpen"> {
  /** Which `.nntc` file a URL stands for; null: none. By default model.nntc for model.onnx and model.onnx_data. */
  match?: ((url: string) => Found | null) | undefined;
  /** Name of the Cache that decoded files are kept in, under their SHA-256; false keeps none. */
  cache?: string | false | undefined;
  onProgress?: ((url: string, progress: Progress) => void) | undefined;
  /** Is told when the browser does not keep a file, because its storage is full for example. The file is given all the same. */
  onStoreError?: ((error: NntcError) => void) | undefined;
}

interface Kept {
  files: { name: string | null; size: number; sha256: string }[];
}

type Content = { name: string | null; blob: Blob; sha256: string };

const ADDRESS = "https://nntc.invalid/"; // keys of the cache: no such host can exist

/** What `match` is by default. */
export function besides(url: string): Found | null {
  const found = /^([^?#]*)\.onnx(_data(?:_\d+)?|\.data)?(\?[^#]*)?(?:#.*)?$/.exec(url);
  if (!found) return null;
  const [, start = "", data, query = ""] = found;
  return { url: `${start}.nntc${query}`, file: data ? decodeURIComponent(`${start.slice(start.lastIndexOf("/") + 1)}.onnx${data}`) : null };
}

class Known extends Error {
  constructor(readonly files: Opened["files"]) {
    super("the decoded file is there already");
  }
}

class Store {
  #cache: Promise<Cache | null>;

  constructor(name: string | false, readonly failed: (error: NntcError) => void) {
    this.#cache = name === false || typeof caches === "undefined" ? Promise.resolve(null) : caches.open(name).catch((error) => (this.#say(error), null));
  }

  #say(cause: unknown): void {
    this.failed(new NntcError("E_STORE", `the decoded file is not kept: ${String(cause)}`, null, { cause }));
  }

  /** The file with this digest, unless its bytes have become others. */
  async get(sha256: string, size: number): Promise<Blob | null> {
    const cache = await this.#cache, response = await cache?.match(`${ADDRESS}sha256/${sha256}`).catch(() => undefined);
    if (!cache || !response) return null;
    const blob = await response.blob();
    if (blob.size === size && hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))) === sha256) return blob;
    await cache.delete(`${ADDRESS}sha256/${sha256}`);
    return null;
  }

  async has(sha256: string): Promise<boolean> {
    return Boolean(await (await this.#cache)?.match(`${ADDRESS}sha256/${sha256}`).catch(() => undefined));
  }

  async put(sha256: string, blob: Blob): Promise<void> {
    await (await this.#cache)?.put(`${ADDRESS}sha256/${sha256}`, new Response(blob)).catch((error) => this.#say(error));
  }

  /** What a `.nntc` file was when it was last decoded. */
  async last(url: string): Promise<Kept | null> {
    const response = await (await this.#cache)?.match(`${ADDRESS}of/${encodeURIComponent(url)}`).catch(() => undefined);
    return response ? ((await response.json()) as Kept) : null;
  }

  /** Notes down what it is now, and forgets what it was. */
  async note(url: string, files: Kept["files"]): Promise<void> {
    const cache = await this.#cache, before = await this.last(url);
    await cache?.put(`${ADDRESS}of/${encodeURIComponent(url)}`, Response.json({ files } satisfies Kept)).catch((error) => this.#say(error));
    for (const { sha256 } of before?.files ?? [])
      if (!files.some((file) => file.sha256 === sha256)) await cache?.delete(`${ADDRESS}sha256/${sha256}`);
  }
}

/**
 * Makes a function that is used in place of fetch: `env.fetch` of transformers.js, or `globalThis.fetch`.
 *
 * A GET of a URL for which there is a `.nntc` file gets what that decodes to, with status 200 or, for a range, 206. What has been
 * decoded before is not transferred again, but for the first bytes of the `.nntc` file, which tell the SHA-256; without a
 * network what was last there is given. An update is decoded with what is kept of the version before. Everything else, also where there is no `.nntc` file, is fetched as ever.
 */
export function nntcFetch(options: NntcFetchOptions = {}): typeof fetch {
  const plain = options.fetch ?? globalThis.fetch.bind(globalThis), match = options.match ?? besides;
  const store = new Store(options.cache ?? "nntc", (error) => options.onStoreError?.(error));
  const running = new Map<string, Promise<Content[] | null>>();

  /** Decodes a file; an update with a base that is kept. */
  async function decoded(url: string, onOpen: (opened: Opened) => void): Promise<Decoded<Blob>> {
    const chosen = { ...options, output: "blob" as const, onOpen, onProgress: (progress: Progress) => options.onProgress?.(url, progress) };
    try {
      return await decode(url, chosen);
    } catch (error) {
      if (!(error instanceof NntcError) || error.needs.length === 0) throw error;
      const kept = await Promise.all(error.needs.map(({ sha256, size }) => store.get(sha256, size)));
      const base = kept.filter((file) => file !== null);
      if (base.length < kept.length) throw error;
      const given = options.base === undefined ? [] : Array.isArray(options.base) ? (options.base as BaseData[]) : [options.base as BaseData];
      return decode(url, { ...chosen, base: [...given, ...base] });
    }
  }

  /** The same of the update, if there is one that can be used. */
  async function cheapest(url: string, update: string | null, onOpen: (opened: Opened) => void): Promise<Decoded<Blob>> {
    try {
      if (update !== null) return await decoded(update, onOpen);
    } catch (error) {
      if (!(error instanceof NntcError)) throw error;
    }
    return decoded(url, onOpen);
  }

  /** All output files of a `.nntc` file; null if there is no such file. */
  async function contents(url: string, update: string | null): Promise<Content[] | null> {
    const keeps = new Set<string>();
    const last = await store.last(url);
    for (const { sha256 } of last?.files ?? []) if (await store.has(sha256)) keeps.add(sha256);
    try {
      const { files } = await cheapest(url, update, (opened) => {
        if (opened.files.every((file) => keeps.has(file.sha256))) throw new Known(opened.files);
      });
      for (const file of files) await store.put(file.sha256, file.data);
      await store.note(url, files.map(({ name, size, sha256 }) => ({ name, size, sha256 })));
      return files.map(({ name, data, sha256 }) => ({ name, blob: data, sha256 }));
    } catch (error) {
      if (error instanceof NntcError && error.id === "E_SOURCE" && / 40[34]\b/.test(error.message)) return null;
      const offline = error instanceof NntcError && error.id === "E_SOURCE" && last !== null;
      if (!(error instanceof Known) && !offline) throw error;
      const wanted = error instanceof Known ? error.files : last!.files;
      const kept = await Promise.all(wanted.map(async ({ name, sha256, size }) => ({ name, sha256, blob: await store.get(sha256, size) })));
      if (kept.every((file) => file.blob !== null)) return kept as Content[];
      if (offline) throw error;
      return contents(url, null); // what was kept has been damaged, and is gone now
    }
  }

  return async function fetchModel(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = input instanceof Request ? input : null, method = (init?.method ?? request?.method ?? "GET").toUpperCase();
    const address = request ? request.url : String(input), found = method === "GET" || method === "HEAD" ? match(address) : null;
    if (!found) return plain(input, init);
    const absolute = (other: string | URL) => new URL(String(other), globalThis.location?.href).href;
    const url = absolute(found.url);
    const signal = init?.signal ?? request?.signal;
    signal?.throwIfAborted();
    let work = running.get(url);
    if (!work) {
      work = contents(url, found.update === undefined ? null : absolute(found.update)).finally(() => running.delete(url));
      running.set(url, work);
    }
    const all = await (signal ? Promise.race([work, aborted(signal)]) : work);
    const content = all?.find((file) => file.name === found.file);
    if (!content) return plain(input, init);
    return answer(content, new Headers(init?.headers ?? request?.headers).get("range"), method === "HEAD");
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

function answer({ blob, sha256 }: Content, range: string | null, headOnly: boolean): Response {
  const headers: Record<string, string> = { "content-type": "application/octet-stream", etag: `"${sha256}"`, "accept-ranges": "bytes" };
  const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  if (!asked) return new Response(headOnly ? null : blob, { headers: { ...headers, "content-length": String(blob.size) } });
  const begin = Number(asked[1]), end = Math.min(asked[2] ? Number(asked[2]) + 1 : blob.size, blob.size);
  if (begin >= end) return new Response(null, { status: 416, headers: { "content-range": `bytes */${blob.size}` } });
  const part = { "content-length": String(end - begin), "content-range": `bytes ${begin}-${end - 1}/${blob.size}` };
  return new Response(headOnly ? null : blob.slice(begin, end), { status: 206, headers: { ...headers, ...part } });
}

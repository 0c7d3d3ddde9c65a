/** Where bytes come from: URLs with what can happen on the way, responses, streams, Blobs, bytes. */
import { joined } from "./bytes.js";
import { NntcError } from "./errors.js";

/** What can be decoded. A string is a URL. */
export type Source = string | URL | Request | Response | ReadableStream<Uint8Array> | Blob | ArrayBuffer | ArrayBufferView;

export interface SourceOptions {
  signal?: AbortSignal | undefined;
  /** What fetches; the global fetch by default. */
  fetch?: typeof fetch | undefined;
  /** Headers, credentials and so on of requests. */
  request?: RequestInit | undefined;
  /** How often in a row a connection may fail without anything arriving. */
  retries?: number | undefined;
  /** Milliseconds without a byte after which a connection counts as broken; 0: never. */
  timeout?: number | undefined;
}

/** Says how many bytes must come, as far as that is known when all so far have been looked at. */
export type Wanted = () => Promise<number>;

const SLICE = 1 << 20;
const RETRIES = 4;
const TIMEOUT = 30_000;

/** Bytes of the whole source, where they are known beforehand and sure. */
export function sizeOf(source: Source): number | null {
  if (source instanceof Blob) return source.size;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source.byteLength;
  return null;
}

/** Chunks of a source in order; each is the receiver's own. */
export async function* chunks(source: Source, options: SourceOptions, wanted: Wanted): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (source instanceof ArrayBuffer) source = new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    for (let at = 0; at < bytes.length; at += SLICE) yield bytes.slice(at, at + SLICE);
  } else if (source instanceof Blob) {
    for (let at = 0; at < source.size; at += SLICE) yield new Uint8Array(await blobBytes(source.slice(at, at + SLICE)));
  } else if (source instanceof ReadableStream) {
    yield* stream(source, options, (cause) => new NntcError("E_SOURCE", `the stream has failed: ${words(cause)}`, null, { cause }));
  } else if (source instanceof Response) {
    checkResponse(source);
    yield* page(body(source, options));
  } else yield* download(source, options, wanted);
}

async function blobBytes(blob: Blob): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (cause) {
    throw new NntcError("E_SOURCE", `the file cannot be read: ${words(cause)}`, null, { cause });
  }
}

export function words(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  return cause instanceof Error ? cause.message + inner : String(cause);
}

class Broken extends Error {}

async function* stream(from: ReadableStream<Uint8Array>, options: SourceOptions, failed: (cause: unknown) => Error): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = from.getReader(), { signal } = options, timeout = options.timeout ?? TIMEOUT;
  let ended = false;
  try {
    for (;;) {
      let result: ReadableStreamReadResult<Uint8Array>;
      try {
        result = await within(reader.read(), timeout, signal);
      } catch (cause) {
        signal?.throwIfAborted();
        throw failed(cause);
      }
      if (result.done) break;
      const chunk: unknown = result.value;
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a stream of bytes gives Uint8Array");
      yield chunk.slice();
    }
    ended = true;
  } finally {
    if (!ended) void reader.cancel().catch(() => undefined);
  }
}

/** The promise, or an error when it takes too long or is aborted. */
async function within<T>(promise: Promise<T>, timeout: number, signal: AbortSignal | undefined): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined, abort: (() => void) | undefined;
  const ends = new Promise<never>((_, reject) => {
    if (timeout > 0) timer = setTimeout(() => reject(new Error(`nothing has come for ${timeout} ms`)), timeout);
    abort = () => reject(signal!.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([promise, ends]);
  } finally {
    clearTimeout(timer);
    if (abort) signal?.removeEventListener("abort", abort);
  }
}

function body(response: Response, options: SourceOptions): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!response.body) throw new NntcError("E_SOURCE", `${response.url || "the response"} has no body, or it has been read`);
  if (response.bodyUsed) throw new NntcError("E_SOURCE", "the body of the response has been read already");
  return stream(response.body, options, (cause) => new NntcError("E_SOURCE", `the connection has failed: ${words(cause)}`, null, { cause }));
}

function checkResponse(response: Response): void {
  if (!response.ok) throw new NntcError("E_SOURCE", `${response.url}: the server says ${response.status} ${response.statusText}`.trim());
}

/** The same chunks; a page of HTML in place of a file is told as such. */
async function* page(from: AsyncGenerator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let first = true;
  for await (const chunk of from) {
    if (first && chunk.length > 0) {
      checkNoPage(chunk);
      first = false;
    }
    yield chunk;
  }
}

export function checkNoPage(first: Uint8Array): void {
  const start = new TextDecoder("latin1").decode(first.subarray(0, 64)).replace(/^\s+/, "").toLowerCase();
  if (start.startsWith("<!doctype") || start.startsWith("<html") || start.startsWith("<?xml"))
    throw new NntcError("E_SOURCE", "the server has sent a page of HTML in place of the file");
}

/** What tells one version of a file from another; "" where a server says nothing. */
export function validator(response: Response): string {
  const tag = response.headers.get("etag") ?? "";
  return tag && !tag.startsWith("W/") ? tag : (response.headers.get("last-modified") ?? "");
}

/** Whether If-Range may be sent: to other origins it would take a preflight that few servers answer. */
export function mayCondition(url: string): boolean {
  const here = globalThis.location?.href;
  return here === undefined || new URL(url, here).origin === globalThis.location.origin;
}

async function* download(source: string | URL | Request, options: SourceOptions, wanted: Wanted): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const retries = options.retries ?? RETRIES, url = source instanceof Request ? source.url : String(source);
  let received = 0, version: string | null = null, failures = 0, before = 0;
  for (;;) {
    let problem: unknown;
    try {
      const response = await request(source, options, received, version ?? "");
      if (received > 0 && response.status === 416) return; // the file ends here
      if (isBusy(response)) throw new Broken(`the server says ${response.status}`);
      checkResponse(response);
      let skip = received;
      if (response.status === 206) {
        const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
        if (received === 0 || (range && Number(range[1]) !== received))
          throw new NntcError("E_SOURCE", `${url}: the server has sent another range than the one asked for`);
        skip = 0;
      }
      const now = validator(response);
      if (version !== null && version !== "" && now !== "" && now !== version)
        throw new NntcError("E_SOURCE_CHANGED", `${url} was replaced while it was read`);
      version ??= now;
      if (!response.body) throw new NntcError("E_SOURCE", `${url}: the response has no body`);
      const parts = stream(response.body, options, (cause) => new Broken(words(cause)));
      for await (let chunk of received === 0 ? page(parts) : parts) {
        const skipped = Math.min(skip, chunk.length);
        skip -= skipped;
        if (skipped > 0) chunk = chunk.slice(skipped);
        received += chunk.length;
        if (chunk.length > 0) yield chunk;
      }
      if (received >= (await wanted())) return;
      problem = new Broken(`the connection ended after ${received} bytes`);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      problem = error;
    }
    if (received > before) failures = 0;
    const stuck = received === before && received > 0 && (problem as Error).message.startsWith("the connection ended after");
    before = received;
    if (stuck) return; // a whole answer that ends where the last one did: the file has no more
    if (++failures > retries) throw new NntcError("E_SOURCE", `${url}: ${words(problem)}`, null, { cause: problem });
    await pause(Math.min(200 * 2 ** (failures - 1), 5000), options.signal);
  }
}

async function request(source: string | URL | Request, options: SourceOptions, from: number, version: string): Promise<Response> {
  const { signal } = options, fetcher = options.fetch ?? fetch;
  const headers = new Headers(options.request?.headers ?? (source instanceof Request ? source.headers : undefined));
  if (from > 0) {
    headers.set("range", `bytes=${from}-`);
    if (version && mayCondition(source instanceof Request ? source.url : String(source))) headers.set("if-range", version);
  }
  const stop = new AbortController(), end = () => stop.abort(signal?.reason);
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end);
  const init: RequestInit = { ...options.request, headers, signal: stop.signal };
  try {
    return await within(fetcher(source instanceof Request ? source.clone() : source, init), options.timeout ?? TIMEOUT, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    stop.abort();
    throw new Broken(words(cause));
  } finally {
    signal?.removeEventListener("abort", end); // from here on the reader of the body looks at the signal
  }
}

/** Does something with a server until it answers, some times. */
export async function retried<Answer extends readonly [Response, unknown]>(
  url: string,
  options: SourceOptions,
  ask: (fetcher: typeof fetch) => Promise<Answer>,
): Promise<Answer> {
  const { signal } = options, retries = options.retries ?? RETRIES;
  for (let failures = 0; ; failures++) {
    let problem: unknown;
    try {
      const fetcher: typeof fetch = (...request) => within((options.fetch ?? fetch)(...request), options.timeout ?? TIMEOUT, signal);
      const answer = await ask(fetcher);
      if (!isBusy(answer[0])) return answer;
      problem = new Broken(`the server says ${answer[0].status}`);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof NntcError) throw cause;
      problem = cause;
    }
    if (failures >= retries) throw new NntcError("E_SOURCE", `${url}: ${words(problem)}`, null, { cause: problem });
    await pause(Math.min(200 * 2 ** failures, 5000), signal);
  }
}

/** The whole body of a response. */
export async function whole(response: Response, options: SourceOptions): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of stream(response.body!, options, (cause) => new Broken(words(cause)))) parts.push(part);
  return joined(parts);
}

const isBusy = (response: Response) => response.status >= 500 || response.status === 429 || response.status === 408;

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return within(new Promise((resolve) => setTimeout(resolve, milliseconds)), 0, signal);
}

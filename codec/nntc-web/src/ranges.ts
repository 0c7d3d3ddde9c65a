/** A source of which stretches are read as they are needed: range requests to a server, slices of a Blob, bytes. */
import { NntcError } from "./errors.js";
import { checkNoPage, mayCondition, retried, validator, whole, type Source, type SourceOptions } from "./source.js";

const FIRST = 64 << 10; // bytes of the first request
const LEAST = 32 << 10; // and of later ones

/** Sources that can be read in any order. */
export type RandomSource = Exclude<Source, Response | ReadableStream<Uint8Array>>;

interface Stretch {
  offset: number;
  data: Uint8Array;
}

export class Ranges {
  #stretches: Stretch[] = [];
  #version = "";
  /** Bytes of the whole file. */
  size = 0;
  /** Bytes that have been transferred. */
  transferred = 0;

  private constructor(readonly source: RandomSource, readonly options: SourceOptions) {}

  static async open(source: RandomSource, options: SourceOptions): Promise<Ranges> {
    const ranges = new Ranges(source, options);
    if (source instanceof Blob) ranges.size = source.size;
    else if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
      const all = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
      ranges.size = all.length;
      ranges.#stretches = [{ offset: 0, data: all }];
    } else await ranges.#request(0, FIRST);
    return ranges;
  }

  /** Copies bytes; false if they are not all there. */
  read(offset: number, to: Uint8Array): boolean {
    for (let done = 0; done < to.length; ) {
      const at = offset + done;
      const found = this.#stretches.find((one) => at >= one.offset && at < one.offset + one.data.length);
      if (!found) return false;
      const some = found.data.subarray(at - found.offset, at - found.offset + to.length - done);
      to.set(some, done);
      done += some.length;
    }
    return true;
  }

  #has(at: number): Stretch | undefined {
    return this.#stretches.find((one) => at >= one.offset && at < one.offset + one.data.length);
  }

  /** Gets a stretch, without what is there in front and at the end of it. */
  async load(offset: number, length: number): Promise<void> {
    let begin = offset, end = Math.min(offset + length, this.size);
    for (let found = this.#has(begin); found && begin < end; found = this.#has(begin)) begin = found.offset + found.data.length;
    for (let found = this.#has(end - 1); found && begin < end; found = this.#has(end - 1)) end = found.offset;
    if (begin >= end) return;
    if (this.source instanceof Blob) {
      const data = new Uint8Array(await this.source.slice(begin, end).arrayBuffer());
      this.#stretches.push({ offset: begin, data });
    } else await this.#request(begin, Math.min(Math.max(end - begin, LEAST), this.size - begin));
  }

  async #request(offset: number, length: number): Promise<void> {
    const source = this.source as string | URL | Request, url = source instanceof Request ? source.url : String(source);
    const [response, data] = await retried(url, this.options, async (fetcher) => {
      const headers = new Headers(this.options.request?.headers ?? (source instanceof Request ? source.headers : undefined));
      headers.set("range", `bytes=${offset}-${offset + length - 1}`);
      if (this.#version && mayCondition(url)) headers.set("if-range", this.#version);
      const response = await fetcher(source, { ...this.options.request, headers });
      return [response, response.ok ? await whole(response, this.options) : new Uint8Array()] as const;
    });
    if (response.status === 416 && offset === 0) throw new NntcError("E_TRUNCATED", "the file is empty", 0);
    if (!response.ok) throw new NntcError("E_SOURCE", `${url}: the server says ${response.status}`);
    const now = validator(response);
    if (this.#version && now && now !== this.#version) throw new NntcError("E_SOURCE_CHANGED", `${url} was replaced while it was read`);
    this.#version ||= now;
    this.transferred += data.length;
    if (offset === 0) checkNoPage(data);
    if (response.status !== 206) {
      if (this.size > 0 && data.length !== this.size) throw new NntcError("E_SOURCE_CHANGED", `${url} was replaced while it was read`);
      this.size = data.length;
      this.#stretches = [{ offset: 0, data }]; // a server without ranges
      return;
    }
    const told = response.headers.get("content-range");
    if (told === null) {
      await this.#hidden(source, url, offset, data); // another origin need not show it
      return;
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(told);
    if (!range || Number(range[1]) !== offset || Number(range[2]) - offset + 1 !== data.length)
      throw new NntcError("E_SOURCE", `${url}: the server has sent another range than the one asked for`);
    if (this.size > 0 && Number(range[3]) !== this.size) throw new NntcError("E_SOURCE_CHANGED", `${url} was replaced while it was read`);
    this.size = Number(range[3]);
    this.#stretches.push({ offset, data });
  }

  /** A range of which it is not told where it is: the size of the file is asked for apart. */
  async #hidden(source: string | URL | Request, url: string, offset: number, data: Uint8Array): Promise<void> {
    if (this.size === 0) {
      const [response] = await retried(url, this.options, async (fetcher) => [await fetcher(source, { ...this.options.request, method: "HEAD" }), null] as const);
      this.size = Number(response.headers.get("content-length") ?? 0);
      if (!response.ok || this.size < data.length) throw new NntcError("E_SOURCE", `${url}: the server does not say how long the file is`);
    }
    this.#stretches.push({ offset, data });
  }
}


/** decode: a whole file. */
import { begin, type Decoding } from "./decoding.js";
import type { Opened, OutputFile, Settings, Standing } from "./decoder.js";
import type { OutputKind } from "./output.js";
import { joined } from "./bytes.js";
import { chunks, sizeOf, type Source, type SourceOptions } from "./source.js";
import { publicKeys, type PublicKey } from "./keys.js";
import { getModule, type Simd } from "./module.js";

/** A file of the base of an update; strings and URLs are fetched. */
export type BaseData = Blob | ArrayBuffer | ArrayBufferView | string | URL;

/** How far a decoding is. */
export interface Progress {
  /** Bytes of the `.nntc` file that have been used, and all of them; 0 as long as that is not known. */
  received: number;
  size: number;
  /** Bytes of output that have been decoded, and all of them; 0 as long as that is not known. */
  decoded: number;
  output: number;
}

export interface DecodeOptions extends SourceOptions {
  /** Is called as the decoding goes on, at most once for each section and chunk. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Is called when directory and graph are there: which files will come. What it throws ends the decoding. */
  onOpen?: ((opened: Opened) => void) | undefined;
  /** What output files become: "bytes" (the default), "blob", or "external", see `Decoded`. */
  output?: OutputKind | undefined;
  /** Name of the external data with "external"; "weights.bin" by default. */
  externalName?: string | undefined;
  /** Files that an update needs, in any order; more of them do no harm. `NntcError.needs` tells which are missing. */
  base?: BaseData | readonly BaseData[] | undefined;
  /** Public keys of Ed25519, one of which must have signed, or so many as threshold says. */
  requireKey?: PublicKey | readonly PublicKey[] | undefined;
  threshold?: number | undefined;
  /** Bytes of memory that the decoder may take, output aside (1 GiB), and of output (4 GiB). */
  maxMemory?: number | undefined;
  maxOutput?: number | undefined;
  /** False decodes in this thread, with breaks. */
  worker?: boolean | undefined;
  /** Which build of the module. */
  simd?: Simd | undefined;
}

/** An output file and its content. */
export interface DecodedFile<Data> extends OutputFile {
  data: Data;
}

export interface Decoded<Data> {
  /** The model file. With "external" without its weights, and so no longer the bytes that `sha256` is of. */
  model: Data;
  /** Other files, by the paths that the model has for them; with "external" the weights as well. */
  externalData: { path: string; data: Data }[];
  /** All output files as the .nntc file has them, each checked by its SHA-256. */
  files: DecodedFile<Data>[];
  opened: Opened;
  /** Bytes that arrived, and bytes of WebAssembly memory that decoding took. */
  received: number;
  memory: number;
}

const GIB = 1 << 30;

async function bytesOf(data: BaseData, options: SourceOptions): Promise<Uint8Array> {
  if (data instanceof Blob) return new Uint8Array(await data.arrayBuffer());
  if (typeof data === "string" || data instanceof URL) {
    const parts: Uint8Array[] = [];
    for await (const part of chunks(data, options, () => Promise.resolve(0))) parts.push(part);
    return joined(parts);
  }
  if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) throw new TypeError("a base is a Blob, bytes or a URL");
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

function list(base: DecodeOptions["base"]): readonly BaseData[] {
  if (base === undefined) return [];
  return Array.isArray(base) ? (base as readonly BaseData[]) : [base as BaseData];
}

function limit(name: string, value: number | undefined, most: number): number {
  if (value === undefined) return most;
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} is a number of bytes`);
  return Math.floor(value);
}

async function settingsOf(source: Source, options: DecodeOptions): Promise<Settings> {
  const output = options.output ?? "bytes";
  if (!["bytes", "blob", "external"].includes(output)) throw new TypeError('output is "bytes", "blob" or "external"');
  const keys = publicKeys(options.requireKey), threshold = options.threshold ?? 1;
  if (keys.length > 0 && !(Number.isInteger(threshold) && threshold >= 1 && threshold <= keys.length))
    throw new RangeError("threshold is at least 1 and at most the number of keys");
  return {
    output,
    externalName: options.externalName ?? "weights.bin",
    size: sizeOf(source),
    maxMemory: limit("maxMemory", options.maxMemory, GIB),
    maxOutput: limit("maxOutput", options.maxOutput, 4 * GIB),
    base: await Promise.all(list(options.base).map((data) => bytesOf(data, options))),
    keys,
    threshold,
  };
}

/**
 * Decodes a `.nntc` file, section by section while it arrives.
 *
 * Throws NntcError with an id of SPEC.md and the byte at fault for a file that is wrong, with `E_SOURCE` where a
 * server or a connection is; after a break it asks for the rest. Nothing is given out that has not been checked: all
 * sections by their digests, all files by their SHA-256.
 */
export async function decode(source: Source, options?: DecodeOptions & { output?: "bytes" | "external" | undefined }): Promise<Decoded<Uint8Array<ArrayBuffer>>>;
export async function decode(source: Source, options: DecodeOptions & { output: "blob" }): Promise<Decoded<Blob>>;
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Decoded<Uint8Array<ArrayBuffer> | Blob>> {
  const { signal } = options;
  signal?.throwIfAborted();
  const [settings, module] = await Promise.all([settingsOf(source, options), getModule(options.simd ?? "auto")]);
  let opened: Opened | null = null, refused: { reason: unknown } | null = null;
  const tell = (call: () => void) => {
    try {
      if (!refused) call();
    } catch (reason) {
      refused = { reason };
    }
  };
  const standing = (at: Standing) =>
    tell(() => options.onProgress?.({ received: at.received, size: opened?.size ?? 0, decoded: at.decoded, output: opened?.output ?? 0 }));
  const decoding = await begin(module, settings, options.worker ?? true, {
    standing,
    opened(now) {
      opened = now;
      tell(() => options.onOpen?.(now));
    },
  });
  const check = () => {
    signal?.throwIfAborted();
    if (refused) throw refused.reason;
  };
  const abort = () => decoding.stop();
  signal?.addEventListener("abort", abort);
  try {
    const result = await feed(source, options, decoding, check);
    standing(result.standing);
    check();
    return assemble(result);
  } catch (error) {
    check();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    decoding.stop();
  }
}

async function feed(source: Source, options: DecodeOptions, decoding: Decoding, check: () => void) {
  for await (const chunk of chunks(source, options, async () => (await decoding.standing()).wanted)) {
    check();
    await decoding.push(chunk);
  }
  check();
  const result = await decoding.end();
  check();
  return result;
}

function assemble({ opened, data, external, standing }: Awaited<ReturnType<Decoding["end"]>>): Decoded<Uint8Array<ArrayBuffer> | Blob> {
  const files = opened.files.map((file, i) => ({ ...file, data: data[i]! }));
  return {
    model: data[0]!,
    externalData: [...files.slice(1).map((file) => ({ path: file.name ?? "", data: file.data })), ...external],
    files,
    opened,
    received: standing.received,
    memory: standing.memory,
  };
}

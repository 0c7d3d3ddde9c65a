/** open: a file of which single tensors are read. */
import { NntcError } from "./errors.js";
import { getModule, type Simd } from "./module.js";
import { Ranges, type RandomSource } from "./ranges.js";
import type { SourceOptions } from "./source.js";
import { Instance } from "./wasm.js";

/** A tensor that the index of a file names. */
export interface TensorEntry {
  name: string;
  /** Number that ONNX gives the element type: 1 is float32. */
  dataType: number;
  dims: number[];
  /** Bytes of the tensor; null where the type is not known. */
  bytes: number | null;
  /** Whether its bytes can be read by name; else they stand in the graph. */
  readable: boolean;
}

/** A tensor and its bytes, little-endian. */
export interface Tensor extends TensorEntry {
  data: Uint8Array<ArrayBuffer>;
}

/** A section of the directory. */
export interface Section {
  /** "GRAPH", "TABLES", "TENSOR", "SIGNATURE", "INDEX", "NOTES", or a number. */
  type: string;
  offset: number;
  length: number;
  /** Bytes that it decodes to. */
  output: number;
}

export interface OpenOptions extends SourceOptions {
  /** Bytes of memory that the decoder may take (1 GiB), and of a tensor (4 GiB). */
  maxMemory?: number | undefined;
  maxOutput?: number | undefined;
  simd?: Simd | undefined;
}

const TYPES: Record<number, string> = { 1: "GRAPH", 3: "TABLES", 4: "TENSOR", 0x81: "NOTES", 0x82: "SIGNATURE", 0x83: "INDEX" };
const WINDOW = 64 << 10;

/** A file, of which header and directory are known. */
export class NntcFile {
  readonly #instance: Instance;
  readonly #ranges: Ranges;
  readonly #most: number;
  #missing: { offset: number; length: number } | null = null;
  #parts: Uint8Array[] = [];
  #written = 0;
  #names: { name: string; entry: Omit<TensorEntry, "name"> }[] = [];
  #sections: Section[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  profile: "device" | "main" | "full" = "device";
  /** Bytes of memory that the file says a decoder needs, section by section. */
  workingMemory = 0;

  private constructor(instance: Instance, ranges: Ranges, most: number) {
    this.#instance = instance;
    this.#ranges = ranges;
    this.#most = most;
  }

  static async open(source: RandomSource, options: OpenOptions = {}): Promise<NntcFile> {
    const [module, ranges] = await Promise.all([getModule(options.simd ?? "auto"), Ranges.open(source, options)]);
    let file: NntcFile | undefined;
    const instance = await Instance.make(module, {
      read: (from, offset, to, length) => file!.#read(from, offset, to, length),
      begin: () => 0,
      write: (from, length) => file!.#write(from, length),
      back: () => 1,
      entry: (name, length, entry) => file!.#entry(name, length, entry),
      signed: () => -1,
    });
    instance.exports.limit(options.maxMemory ?? 2 ** 30, options.maxOutput ?? 2 ** 32, WINDOW);
    file = new NntcFile(instance, ranges, options.maxOutput ?? 2 ** 32);
    await file.#start();
    return file;
  }

  async #start(): Promise<void> {
    const exports = this.#instance.exports;
    await this.#run(() => exports.open(this.#ranges.size, 1, 0));
    const count = this.#instance.told(1);
    this.workingMemory = this.#instance.told(5);
    this.profile = (["device", "main", "full"] as const)[this.#instance.told(7)] ?? "full";
    for (let i = 0; i < count; i++) {
      this.#instance.check(exports.section(i));
      const [type = 0, offset = 0, length = 0, output = 0] = [1, 2, 3, 4].map((k) => this.#instance.told(k));
      this.#sections.push({ type: TYPES[type] ?? String(type), offset, length, output });
    }
  }

  /** Sections in order. */
  get sections(): readonly Section[] {
    return this.#sections;
  }

  /** Bytes of the file, and those that have been transferred for it. */
  get size(): number {
    return this.#ranges.size;
  }
  get transferred(): number {
    return this.#ranges.transferred;
  }

  #read(from: number, offset: number, to: number, length: number): number {
    if (from !== 0) return 1;
    if (this.#ranges.read(offset, this.#instance.bytes(to, length))) return 0;
    this.#missing = { offset, length };
    return 1;
  }

  #write(from: number, length: number): number {
    if ((this.#written += length) > this.#most) return 1;
    this.#parts.push(this.#instance.bytes(from, length).slice());
    return 0;
  }

  #entry(name: number, length: number, entry: number): number {
    this.#instance.exports.describe(entry);
    this.#names.push({ name: this.#instance.string(name, length), entry: this.#described() });
    return 0;
  }

  #described(): Omit<TensorEntry, "name"> {
    const told = Array.from({ length: 8 }, (_, i) => this.#instance.told(i)) as number[];
    const [, sections = 0, , , bytes = 0, dataType = 0, rank = 0, dims = 0] = told;
    const list = Array.from(new Float64Array(this.#instance.exports.memory.buffer, dims, rank));
    return { dataType, dims: list, bytes: bytes < 0 ? null : bytes, readable: sections > 0 };
  }

  /** Calls the module, and again as long as bytes are missing. */
  async #run(call: () => number): Promise<void> {
    for (;;) {
      this.#missing = null;
      this.#parts = [];
      this.#names = [];
      this.#written = 0;
      let number: number;
      try {
        number = call();
      } catch (cause) {
        throw new NntcError("E_ENVIRONMENT", `the decoder has stopped: ${String(cause)}`, null, { cause });
      }
      const missing = this.#missing as { offset: number; length: number } | null;
      if (number === 0) return;
      if (!missing) throw this.#instance.error(number);
      await this.#ranges.load(missing.offset, Math.max(missing.length, WINDOW));
    }
  }

  /** One after another: the module does one thing at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The index: names, types and shapes of all tensors. `ABSENT` for files without one (`nntc encode --index` writes it). */
  tensors(): Promise<TensorEntry[]> {
    return this.#alone(async () => {
      await this.#run(() => this.#instance.exports.list());
      return this.#names.map(({ name, entry }) => ({ name, ...entry }));
    });
  }

  /** A tensor by its name; only its sections are transferred and decoded. `ABSENT` if there is none, or no index. */
  tensor(name: string): Promise<Tensor> {
    return this.#alone(async () => {
      const bytes = new TextEncoder().encode(name), exports = this.#instance.exports;
      if (bytes.length === 0) throw new NntcError("ABSENT", "a tensor has a name");
      const at = this.#instance.put(bytes);
      await this.#run(() => exports.find(at, bytes.length));
      const entry = this.#described(), [count = 0, first = 0] = [1, 2].map((i) => this.#instance.told(i));
      if (count > 0) {
        const tensors = this.#sections.filter((section) => section.type === "TENSOR").slice(first, first + count);
        const begin = tensors[0]!.offset, end = tensors[tensors.length - 1]!;
        await this.#ranges.load(begin, end.offset + end.length - begin);
      }
      await this.#run(() => exports.extract());
      const data = new Uint8Array(this.#written);
      let done = 0;
      for (const part of this.#parts.splice(0)) {
        data.set(part, done);
        done += part.length;
      }
      return { name, ...entry, data };
    });
  }
}

/** Opens a file of which tensors are read by name, through range requests if it is a URL. */
export function open(source: RandomSource, options?: OpenOptions): Promise<NntcFile> {
  return NntcFile.open(source, options);
}

/** open: a file of which single tensors are read. */
import { hex, joined } from "./bytes.js";
import { NntcError } from "./errors.js";
import { initializers, type Initializer, type Segment } from "./graph.js";
import { getModule, type Simd } from "./module.js";
import { Ranges, type RandomSource } from "./ranges.js";
import type { SourceOptions } from "./source.js";
import { entryOf, isReadable, measured, type Coding, type Section, type Tensor, type TensorEntry } from "./tensors.js";
import { Instance } from "./wasm.js";

export interface OpenOptions extends SourceOptions {
  /** Bytes of memory that the decoder may take (1 GiB), and of a tensor (4 GiB). */
  maxMemory?: number | undefined;
  maxOutput?: number | undefined;
  simd?: Simd | undefined;
}

const TYPES: Record<number, string> = { 1: "GRAPH", 3: "TABLES", 4: "TENSOR", 0x81: "NOTES", 0x82: "SIGNATURE", 0x83: "INDEX" };
const TOOLS = ["planes", "codebook", "uniform", "difference"] as const;
const VIEWS = ["matrix", "transposed", "ragged"] as const;
const MOST_NAMES = 1 << 20;
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
  #segments: Segment[] = [];
  #bytes = 0; // of all output files
  #initializers: Initializer[] | null = null; // of the graph, once they are asked for
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
      piece: (run, length, kind, section, part) => file!.#piece(run, length, kind, section, part),
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
    if (this.#names.length === MOST_NAMES) return 1;
    this.#instance.exports.describe(entry);
    this.#names.push({ name: this.#instance.string(name, length), entry: this.#described() });
    return 0;
  }

  #described(): Omit<TensorEntry, "name"> {
    const told = Array.from({ length: 8 }, (_, i) => this.#instance.told(i)) as number[];
    const [, count = 0, first = 0, , bytes = 0, dataType = 0, rank = 0, dims = 0] = told;
    const sections = Array.from({ length: count }, (_, i) => first + i);
    const list = Array.from(new Float64Array(this.#instance.exports.memory.buffer, dims, rank));
    return { dataType, dims: list, bytes: bytes < 0 ? null : bytes, readable: count > 0, sections };
  }

  /** Calls the module, and again as long as bytes are missing. */
  async #run(call: () => number): Promise<void> {
    for (;;) {
      this.#missing = null;
      this.#parts = [];
      this.#names = [];
      this.#segments = [];
      this.#written = 0;
      let number: number;
      try {
        number = call();
      } catch (cause) {
        throw new NntcError("E_ENVIRONMENT", `the decoder has stopped: ${String(cause)}`, null, { cause });
      }
      const missing = this.#missing as { offset: number; length: number } | null;
      if (number === 0) return;
      if (this.#names.length === MOST_NAMES) throw new NntcError("E_LIMIT", "the index names too many tensors");
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

  /** Segment 2 i is run i of the graph bytes, 2 i + 1 the piece after it. */
  #piece(run: number, length: number, kind: number, section: number, part: number): number {
    const [isPart, isBase, isAgain] = [0, 1, 2].map((number) => kind === number);
    this.#segments.push(this.#instance.bytes(run, length).slice());
    if (isPart) this.#segments.push({ kind: "part", section, part, bytes: null });
    if (isBase) this.#segments.push({ kind: "base" });
    if (isAgain) this.#segments.push(this.#segments[2 * section + 1]!);
    return 0;
  }

  get #tensors(): Section[] {
    return this.#sections.filter((section) => section.type === "TENSOR");
  }

  /** Initializers by the graph, which is transferred for that. */
  async #graph(): Promise<Initializer[]> {
    if (this.#initializers) return this.#initializers;
    const exports = this.#instance.exports, graph = this.#sections.find((section) => section.type === "GRAPH")!;
    await this.#ranges.load(graph.offset, graph.length);
    await this.#run(() => exports.open(this.#ranges.size, 0, 1));
    this.#bytes = this.#instance.told(4);
    this.#instance.check(exports.file(0));
    const size = this.#instance.told(1);
    await this.#run(() => exports.pieces());
    const found = initializers(measured(this.#segments.splice(0), this.#tensors), size);
    if (!found) throw new NntcError("ABSENT", "the file has no index, and its model is none whose tensors could be found");
    return (this.#initializers = found);
  }

  async #indexed(): Promise<TensorEntry[] | null> {
    try {
      await this.#run(() => this.#instance.exports.list());
    } catch (error) {
      if (error instanceof NntcError && error.id === "ABSENT") return null;
      throw error;
    }
    return this.#names.map(({ name, entry }) => ({ name, ...entry }));
  }

  /** Names, types and shapes of all tensors: by the index if there is one (`nntc encode --index`), else by the graph. */
  tensors(): Promise<TensorEntry[]> {
    return this.#alone(async () => {
      const indexed = await this.#indexed();
      return indexed ?? (await this.#graph()).map(entryOf);
    });
  }

  /** A tensor by its name; only its sections are transferred and decoded. `ABSENT` if there is none. */
  tensor(name: string): Promise<Tensor> {
    return this.#alone(async () => {
      const bytes = new TextEncoder().encode(name), exports = this.#instance.exports;
      if (bytes.length === 0) throw new NntcError("ABSENT", "a tensor has a name");
      if (!this.#sections.some((section) => section.type === "INDEX") || this.#initializers) return this.#byGraph(name);
      const at = this.#instance.put(bytes);
      await this.#run(() => exports.find(at, bytes.length));
      const entry = this.#described(), [count = 0, first = 0] = [1, 2].map((i) => this.#instance.told(i));
      await this.#load(first, count);
      await this.#run(() => exports.extract());
      return { name, ...entry, data: joined(this.#parts.splice(0)) };
    });
  }

  /** How TENSOR section i is coded, which is transferred for that. */
  coding(i: number): Promise<Coding> {
    return this.#alone(async () => {
      if (!Number.isInteger(i) || i < 0 || i >= this.#tensors.length) throw new RangeError("there is no such section");
      await this.#load(i, 1);
      await this.#run(() => this.#instance.exports.record(i));
      const told = Array.from({ length: 11 }, (_, k) => this.#instance.told(k)) as number[];
      const [, tool = 0, , , width = 0, view = 0, rows = 0, , , elements = 0, records = 0] = told;
      return { tool: TOOLS[tool] ?? "planes", elements, width, view: VIEWS[view] ?? "matrix", rows, records };
    });
  }

  /** Bytes of all output files, and the model's SHA-256; the graph is transferred for that. */
  output(): Promise<{ bytes: number; sha256: string }> {
    return this.#alone(async () => {
      await this.#graph().catch((error: unknown) => {
        if (!(error instanceof NntcError) || error.id !== "ABSENT") throw error;
      });
      this.#instance.check(this.#instance.exports.file(0));
      return { bytes: this.#bytes, sha256: hex(this.#instance.bytes(this.#instance.told(2), 32)) };
    });
  }

  async #byGraph(name: string): Promise<Tensor> {
    const found = (await this.#graph()).find((one) => one.name === name), exports = this.#instance.exports;
    if (!found || !isReadable(found)) throw new NntcError("ABSENT", "there is no such tensor, or its bytes are not in sections");
    const parts: Uint8Array[] = [];
    for (const content of found.content) {
      if (content instanceof Uint8Array) parts.push(content);
      else if (content.kind === "part") {
        await this.#load(content.section, 1);
        exports.choose(content.section, content.part, content.length);
        await this.#run(() => exports.extract());
        parts.push(...this.#parts.splice(0));
      }
    }
    return { ...entryOf(found), data: joined(parts) };
  }

  /** Gets TENSOR sections in one request. */
  async #load(first: number, count: number): Promise<void> {
    const sections = this.#tensors.slice(first, first + count), last = sections[sections.length - 1];
    if (last) await this.#ranges.load(sections[0]!.offset, last.offset + last.length - sections[0]!.offset);
  }
}

/** Opens a file of which tensors are read by name, through range requests if it is a URL. */
export function open(source: RandomSource, options?: OpenOptions): Promise<NntcFile> {
  return NntcFile.open(source, options);
}

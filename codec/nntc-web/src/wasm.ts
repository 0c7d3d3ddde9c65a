/** Instances of the module. */
import { NntcError } from "./errors.js";

/** What an instance calls. Numbers other than 0 say that it failed. */
export interface Imports {
  read(source: number, offset: number, to: number, length: number): number;
  begin(file: number, size: number): number;
  write(from: number, length: number): number;
  back(file: number, offset: number, to: number, length: number): number;
  entry(name: number, length: number, entry: number): number;
  piece(run: number, length: number, kind: number, section: number, part: number): number;
  signed(key: number, signature: number, message: number, length: number): number;
}

/** Exports of wasm/module.c. */
export interface Exports {
  memory: WebAssembly.Memory;
  told(): number;
  take(bytes: number): number;
  name(id: number): number;
  text(id: number): number;
  unsupported(id: number): number;
  needs(size: number): number;
  limit(memory: number, output: number, window: number): void;
  base(sizes: number, count: number): number;
  trust(keys: number, count: number, threshold: number): void;
  open(size: number, tensorsOnly: number, withoutBase: number): number;
  section(i: number): number;
  file(i: number): number;
  needed(i: number): number;
  record(i: number): number;
  start(): number;
  advance(have: number): number;
  tensor(i: number): number;
  list(): number;
  describe(entry: number): void;
  find(name: number, length: number): number;
  pieces(): number;
  choose(section: number, part: number, bytes: number): void;
  extract(): number;
}

const utf8 = new TextDecoder("utf-8");

/** An instance: decodes one file, and is dropped with its memory. */
export class Instance {
  readonly exports: Exports;
  readonly #told: number;

  private constructor(exports: Exports) {
    this.exports = exports;
    this.#told = exports.told();
  }

  static async make(module: WebAssembly.Module, imports: Imports): Promise<Instance> {
    const instance = await WebAssembly.instantiate(module, { nntc: imports as unknown as WebAssembly.ModuleImports });
    return new Instance(instance.exports as unknown as Exports);
  }

  /** A view of memory, which the next call may end. */
  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.exports.memory.buffer as ArrayBuffer, at >>> 0, length >>> 0);
  }

  /** Number i of what the last call has told. */
  told(i: number): number {
    return new Float64Array(this.exports.memory.buffer, this.#told, 12)[i] ?? 0;
  }

  string(at: number, length: number): string {
    return utf8.decode(this.bytes(at, length));
  }

  #words(at: number): string {
    const bytes = this.bytes(at, Math.min(200, this.exports.memory.buffer.byteLength - at));
    return utf8.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** Memory of the instance that holds the given bytes. */
  put(data: Uint8Array): number {
    const at = this.exports.take(data.length);
    if (at === 0) throw new NntcError("ARENA", "there is not enough memory");
    this.bytes(at, data.length).set(data);
    return at;
  }

  /** Name of an error number. */
  id(error: number): string {
    return this.#words(this.exports.name(error));
  }

  /** The error of a number that is not 0. */
  error(number: number): NntcError {
    const id = this.id(number), offset = id.startsWith("E_") ? this.told(0) : null;
    return new NntcError(id, this.#words(this.exports.text(number)), offset, { unsupported: this.exports.unsupported(number) !== 0 });
  }

  check(number: number): void {
    if (number !== 0) throw this.error(number);
  }
}

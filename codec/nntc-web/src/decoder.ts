/** A file that comes in chunks, decoded section by section. Synchronous, in the thread that it is called in. */
import { hex } from "./bytes.js";
import { NntcError, type BaseFile } from "./errors.js";
import { Output, type OutputKind } from "./output.js";
import { Signatures } from "./signatures.js";
import { Store } from "./store.js";
import { Instance } from "./wasm.js";

/** What a decoding is asked for. */
export interface Settings {
  output: OutputKind;
  /** Name of the external data that weights are put into. */
  externalName: string;
  /** Bytes of the whole file, where they are known. */
  size: number | null;
  maxMemory: number;
  maxOutput: number;
  base: Uint8Array[];
  /** Public keys of 32 bytes, of which threshold must have signed. */
  keys: Uint8Array[];
  threshold: number;
}

/** An output file. */
export interface OutputFile {
  /** Null for the model itself. */
  name: string | null;
  size: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** What is known as soon as directory and graph are there. */
export interface Opened {
  /** Bytes of the file. */
  size: number;
  /** Bytes of all output files. */
  output: number;
  files: OutputFile[];
  profile: "device" | "main" | "full";
  sections: number;
  tensors: number;
}

/** How far it is. */
export interface Standing {
  /** Bytes that have arrived. */
  received: number;
  /** Bytes that must at least arrive. */
  wanted: number;
  /** Bytes of output that have been decoded. */
  decoded: number;
  /** Most bytes that the instance and what has arrived have taken; without the output. */
  memory: number;
}

export interface Result {
  opened: Opened;
  data: (Uint8Array<ArrayBuffer> | Blob)[];
  external: { path: string; data: Uint8Array<ArrayBuffer> }[];
  standing: Standing;
}

const WINDOW = 128 << 10;
const SECTION_TENSOR = 4;
const PROFILES = ["device", "main", "full"] as const;

export class Decoder {
  readonly #settings: Settings;
  readonly #store = new Store();
  readonly #signatures = new Signatures();
  #instance!: Instance;
  #output!: Output;
  #opened: Opened | null = null;
  #head = 0; // bytes that opening reads
  #wanted = 28;
  #done = false;
  #thrown: unknown; // by a callback

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  static async make(module: WebAssembly.Module, settings: Settings): Promise<Decoder> {
    const decoder = new Decoder(settings);
    const guarded = (call: () => boolean): number => {
      try {
        return call() ? 0 : 1;
      } catch (error) {
        decoder.#thrown ??= error;
        return 1;
      }
    };
    const instance = await Instance.make(module, {
      read: (source, offset, to, length) => guarded(() => decoder.#read(source, offset, instance.bytes(to, length))),
      begin: (file, size) => guarded(() => (decoder.#output.begin(file, size), true)),
      write: (from, length) => guarded(() => (decoder.#output.write(instance.bytes(from, length)), true)),
      back: (file, offset, to, length) => guarded(() => decoder.#output.back(file, offset, instance.bytes(to, length))),
      entry: () => 1,
      piece: () => 1,
      signed: (key, signature, message, length) =>
        decoder.#signatures.check(instance.bytes(key, 32), instance.bytes(signature, 64), instance.bytes(message, length)),
    });
    decoder.#instance = instance;
    instance.exports.limit(settings.maxMemory, settings.maxOutput, WINDOW);
    if (settings.keys.length > 0) {
      const keys = instance.exports.take(32 * settings.keys.length);
      settings.keys.forEach((key, i) => instance.bytes(keys + 32 * i, 32).set(key));
      instance.exports.trust(keys, settings.keys.length, settings.threshold);
    }
    if (settings.base.length > 0) {
      const sizes = instance.put(new Uint8Array(Float64Array.from(settings.base, (file) => file.length).buffer));
      if (instance.exports.base(sizes, settings.base.length) !== 0) throw new NntcError("CALLER", "the base has too many files");
    }
    return decoder;
  }

  #read(source: number, offset: number, to: Uint8Array): boolean {
    if (source === 0) return this.#store.read(offset, to);
    const file = this.#settings.base[source - 1];
    if (!file || offset + to.length > file.length) return false;
    to.set(file.subarray(offset, offset + to.length));
    return true;
  }

  /** Calls the module; what a callback has thrown, a trap and an error number become errors. */
  #call(call: () => number): void {
    let number: number;
    try {
      number = call();
    } catch (cause) {
      if (cause instanceof NntcError) throw cause;
      throw new NntcError("E_ENVIRONMENT", `the decoder has stopped: ${String(cause)}`, null, { cause });
    }
    if (this.#thrown !== undefined) {
      const cause = this.#thrown;
      this.#thrown = undefined;
      if (cause instanceof RangeError) throw new NntcError("E_MEMORY", `there is no memory for the output: ${cause.message}`, null, { cause });
      throw cause;
    }
    this.#instance.check(number);
  }

  get standing(): Standing {
    return {
      received: this.#store.size,
      wanted: this.#wanted,
      decoded: this.#output?.written ?? 0,
      memory: this.#instance.exports.memory.buffer.byteLength,
    };
  }

  /** What is known of the file; null as long as it is not. */
  get opened(): Opened | null {
    return this.#opened;
  }

  push(chunk: Uint8Array): void {
    this.#store.push(chunk);
  }

  /** Does the next piece of work; false if there is none before more has come. */
  async step(): Promise<boolean> {
    const have = this.#store.size;
    if (this.#opened) {
      if (have > this.#opened.size) throw new NntcError("E_TRAILING", "bytes are left after the last field", this.#opened.size);
      return this.#advance();
    }
    if (have < this.#wanted) return false;
    this.#call(() => this.#instance.exports.needs(have));
    const needed = this.#instance.told(1), size = this.#instance.told(2);
    if (size > 0) this.#wanted = size;
    if (needed > have) {
      this.#wanted = Math.max(needed, size);
      if (size === 0 || this.#settings.size === null) return false;
      if (size === this.#settings.size) return false;
    }
    this.#head = needed;
    await this.#open(this.#settings.size ?? size);
    return true;
  }

  async #open(size: number): Promise<void> {
    const exports = this.#instance.exports;
    const number = () => exports.open(size, 0, 0);
    this.#signatures.clear();
    try {
      this.#call(number);
    } catch (error) {
      if (!this.#signatures.open) throw this.#needing(error, size);
    }
    if (this.#signatures.open) {
      await this.#signatures.verify();
      try {
        this.#call(number);
      } catch (error) {
        throw this.#needing(error, size);
      }
    }
    const told = Array.from({ length: 9 }, (_, i) => this.#instance.told(i)) as number[];
    const [, sections = 0, tensors = 0, count = 0, output = 0, , , profile = 0] = told;
    const files: OutputFile[] = [];
    for (let i = 0; i < count; i++) {
      this.#call(() => exports.file(i));
      const [bytes = 0, hash = 0, name = 0, length = 0] = [1, 2, 3, 4].map((k) => this.#instance.told(k));
      files.push({ name: i === 0 ? null : this.#instance.string(name, length), size: bytes, sha256: hex(this.#instance.bytes(hash, 32)) });
    }
    this.#output = new Output(this.#settings.output, this.#settings.externalName, this.#weights(sections, tensors));
    this.#call(() => exports.start());
    this.#opened = { size, output, files, profile: PROFILES[profile] ?? "full", sections, tensors };
  }

  /** The same error; one of a base that is missing says which files. */
  #needing(error: unknown, size: number): unknown {
    if (!(error instanceof NntcError) || error.id !== "E_BASE") return error;
    const exports = this.#instance.exports, needs: BaseFile[] = [];
    this.#call(() => exports.open(size, 0, 1));
    const count = this.#instance.told(8);
    for (let i = 0; i < count; i++) {
      this.#call(() => exports.needed(i));
      const [bytes = 0, hash = 0, given = 0] = [1, 2, 3].map((k) => this.#instance.told(k));
      if (!given) needs.push({ size: bytes, sha256: hex(this.#instance.bytes(hash, 32)) });
    }
    const which = needs.map((file) => `${file.size} bytes with SHA-256 ${file.sha256}`).slice(0, 3).join(", ");
    return new NntcError(error.id, `is an update, and its base is missing: ${which}${needs.length > 3 ? ", ..." : ""}`, error.offset, { needs });
  }

  /** Bytes of all payloads, and what it takes to align them. */
  #weights(sections: number, tensors: number): number {
    let sum = 64 * tensors;
    for (let i = 0; i < sections; i++) {
      this.#call(() => this.#instance.exports.section(i));
      if (this.#instance.told(1) === SECTION_TENSOR) sum += this.#instance.told(4);
    }
    return sum;
  }

  #advance(): boolean {
    if (this.#done) return false;
    this.#call(() => this.#instance.exports.advance(this.#store.size));
    const [from = 0, to = 0, done = 0] = [1, 2, 3].map((i) => this.#instance.told(i));
    this.#done = done !== 0;
    this.#store.drop(this.#head, from);
    return !this.#done && to <= this.#store.size;
  }

  /** Nothing comes any more. Throws unless all has been decoded. */
  async end(): Promise<Result> {
    while (await this.step());
    const have = this.#store.size;
    if (!this.#opened) {
      this.#call(() => this.#instance.exports.open(have, 0, 0)); // says what is wrong
      throw new NntcError("E_TRUNCATED", "the file is cut off", have);
    }
    if (!this.#done) {
      for (let i = 0; i < this.#opened.sections; i++) {
        this.#call(() => this.#instance.exports.section(i));
        const offset = this.#instance.told(2);
        if (offset + this.#instance.told(3) > have) throw new NntcError("E_TRUNCATED", "the file is cut off", offset);
      }
      throw new NntcError("E_SOURCE", "the file ends too early");
    }
    const made = this.#output.finish();
    return {
      opened: this.#opened,
      data: made.map((file) => file.data),
      external: made.flatMap((file) => file.external),
      standing: this.standing,
    };
  }
}

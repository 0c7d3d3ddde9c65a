/** Output files while they are written. */
import { Splitter, type ExternalData } from "./onnx.js";

/**
 * What becomes of output files: bytes in one piece each, Blobs, or the model with its weights apart, as onnxruntime-web
 * takes external data.
 */
export type OutputKind = "bytes" | "blob" | "external";

const PART = 4 << 20; // bytes of a part of a Blob

interface Writer {
  write(bytes: Uint8Array): void;
  back(offset: number, to: Uint8Array): boolean;
  finish(): { data: Uint8Array<ArrayBuffer> | Blob; external: ExternalData[] };
}

class Bytes implements Writer {
  #data: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(size: number) {
    this.#data = new Uint8Array(size);
  }

  write(bytes: Uint8Array): void {
    this.#data.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  back(offset: number, to: Uint8Array): boolean {
    if (offset + to.length > this.#at) return false;
    to.set(this.#data.subarray(offset, offset + to.length));
    return true;
  }

  finish() {
    return { data: this.#data, external: [] };
  }
}

class Parts implements Writer {
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #at = 0;

  constructor(readonly size: number) {}

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const within = this.#at % PART;
      if (within === 0) this.#parts.push(new Uint8Array(Math.min(PART, this.size - this.#at)));
      const some = bytes.subarray(done, done + PART - within);
      this.#parts[this.#parts.length - 1]!.set(some, within);
      this.#at += some.length;
      done += some.length;
    }
  }

  back(offset: number, to: Uint8Array): boolean {
    if (offset + to.length > this.#at) return false;
    for (let done = 0; done < to.length; ) {
      const at = offset + done, some = this.#parts[Math.floor(at / PART)]!.subarray(at % PART, (at % PART) + to.length - done);
      to.set(some, done);
      done += some.length;
    }
    return true;
  }

  finish() {
    return { data: new Blob(this.#parts, { type: "application/octet-stream" }), external: [] };
  }
}

class Apart implements Writer {
  #splitter: Splitter;

  constructor(size: number, name: string, expected: number) {
    this.#splitter = new Splitter(size, name, expected);
  }

  write(bytes: Uint8Array): void {
    this.#splitter.write(bytes);
  }

  back(offset: number, to: Uint8Array): boolean {
    return this.#splitter.back(offset, to);
  }

  finish() {
    const done = this.#splitter.finish();
    return done ? { data: done.model, external: done.external } : { data: this.#splitter.plain(), external: [] };
  }
}

/** All output files of one decoding. */
export class Output {
  #writers: Writer[] = [];
  /** Bytes that have been written. */
  written = 0;

  /** expected: bytes of weights at most, of which none is repeated. */
  constructor(readonly kind: OutputKind, readonly name: string, readonly expected: number) {}

  begin(file: number, size: number): void {
    this.#writers[file] =
      this.kind === "blob" ? new Parts(size) : this.kind === "external" && file === 0 ? new Apart(size, this.name, this.expected) : new Bytes(size);
  }

  write(bytes: Uint8Array): void {
    this.#writers[this.#writers.length - 1]!.write(bytes);
    this.written += bytes.length;
  }

  back(file: number, offset: number, to: Uint8Array): boolean {
    return this.#writers[file]?.back(offset, to) ?? false;
  }

  finish(): { data: Uint8Array<ArrayBuffer> | Blob; external: ExternalData[] }[] {
    return this.#writers.map((writer) => writer.finish());
  }
}

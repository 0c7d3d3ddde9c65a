/**
 * An ONNX model that comes piece by piece, taken apart into graph and weights.
 *
 * `raw_data` of initializers goes to blocks of external data; all else stays, byte for byte. Lengths in front of what
 * has become shorter are made at the end. The bytes as they came can be read back, for pieces that repeat.
 */
const GRAPH = 7, INITIALIZER = 5, RAW_DATA = 9, EXTERNAL_DATA = 13, DATA_LOCATION = 14;
const LEAST = 1024; // bytes of raw_data that are put apart
const ALIGN = 64;
const BLOCK = 16 << 20;
const POOL = 64 << 10; // bytes of graph that are kept together
const MOST = 1 << 18; // messages: more initializers than any network has

/** A file of external data. */
export interface ExternalData {
  path: string;
  data: Uint8Array<ArrayBuffer>;
}

type Part = Uint8Array<ArrayBuffer> | Message;

class Message {
  parts: Part[] = [];
  constructor(readonly number: number) {}

  get size(): number {
    return this.parts.reduce((sum, part) => sum + (part instanceof Message ? part.whole : part.length), 0);
  }

  get whole(): number {
    const size = this.size;
    return varint((this.number << 3) | 2).length + varint(size).length + size;
  }

  write(to: Uint8Array, at: number): number {
    for (const part of this.parts) {
      if (part instanceof Message) {
        for (const head of [varint((part.number << 3) | 2), varint(part.size)]) {
          to.set(head, at);
          at += head.length;
        }
        at = part.write(to, at);
      } else {
        to.set(part, at);
        at += part.length;
      }
    }
    return at;
  }
}

function varint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return Uint8Array.from(bytes);
}

function pair(key: string, value: string): Uint8Array<ArrayBuffer> {
  const [k, v] = [key, value].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  const inner = [0x0a, ...varint(k.length), ...k, 0x12, ...varint(v.length), ...v];
  return Uint8Array.from([...varint((EXTERNAL_DATA << 3) | 2), ...varint(inner.length), ...inner]);
}

/** One view of two that are neighbours in memory. */
function joinedViews(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  return a.buffer === b.buffer && a.byteOffset + a.length === b.byteOffset ? new Uint8Array(a.buffer, a.byteOffset, a.length + b.length) : null;
}

function append(parts: Part[], data: Uint8Array<ArrayBuffer>): void {
  const last = parts[parts.length - 1], both = last instanceof Uint8Array ? joinedViews(last, data) : null;
  if (both) parts[parts.length - 1] = both;
  else parts.push(data);
}

/** Where a run of the original bytes is now. */
interface Span {
  start: number;
  data: Uint8Array<ArrayBuffer>;
}

interface Level {
  message: Message;
  end: number;
  apart?: { path: string; offset: number; length: number };
}

export class Splitter {
  #root = new Message(0);
  #levels: Level[];
  #head: number[] = []; // bytes of a field's head that is not complete
  #left = 0; // bytes of a field's content that are still to come
  #to: Uint8Array<ArrayBuffer> | null = null; // where they go, if they are put apart
  #toAt = 0;
  #blocks: { path: string; data: Uint8Array<ArrayBuffer>; used: number }[] = [];
  #spans: Span[] = [];
  #pool = new Uint8Array(0);
  #used = 0;
  #messages = 0;
  #at = 0;
  /** False: this is no ONNX model, or none that can be taken apart; then only `plain` has a meaning. */
  sound = true;

  /** name: of the external data; expected: bytes of it that are made room for at once. */
  constructor(readonly size: number, readonly name: string, readonly expected: number) {
    this.#levels = [{ message: this.#root, end: size }];
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (!this.sound) {
        this.#keep(bytes.subarray(at), null);
        return;
      }
      if (this.#left > 0) {
        const count = Math.min(this.#left, bytes.length - at), some = bytes.subarray(at, at + count);
        if (this.#to) {
          this.#to.set(some, this.#toAt);
          this.#span(this.#to.subarray(this.#toAt, this.#toAt + count));
          this.#toAt += count;
        } else this.#keep(some, this.#top.message);
        this.#left -= count;
        at += count;
        if (this.#left === 0) {
          this.#to = null;
          this.#leave();
        }
      } else {
        this.#head.push(bytes[at++]!);
        this.#field();
      }
    }
  }

  get #top(): Level {
    return this.#levels[this.#levels.length - 1]!;
  }

  #span(data: Uint8Array<ArrayBuffer>): void {
    const last = this.#spans[this.#spans.length - 1], both = last && joinedViews(last.data, data);
    if (last && both) last.data = both;
    else this.#spans.push({ start: this.#at, data });
    this.#at += data.length;
  }

  /** Keeps a copy of the bytes, beside what was kept before, so that few views are needed for many small fields. */
  #keep(bytes: Uint8Array, message: Message | null): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === this.#pool.length) {
        this.#pool = new Uint8Array(Math.max(POOL, bytes.length - at));
        this.#used = 0;
      }
      const some = bytes.subarray(at, at + this.#pool.length - this.#used);
      this.#pool.set(some, this.#used);
      const data = this.#pool.subarray(this.#used, this.#used + some.length);
      if (message) append(message.parts, data);
      this.#span(data);
      this.#used += some.length;
      at += some.length;
    }
  }

  #fail(head = Uint8Array.from(this.#head)): void {
    this.sound = false;
    this.#keep(head, null);
    this.#head = [];
  }

  #number(from: number): { value: number; next: number } | null {
    let value = 0;
    for (let i = from, scale = 1; i < this.#head.length; i++, scale *= 128) {
      const byte = this.#head[i]!;
      value += (byte & 127) * scale;
      if (byte < 128) return { value, next: i + 1 };
    }
    return null;
  }

  /** Looks whether the head of a field is complete, and if so what its content is. */
  #field(): void {
    const tag = this.#number(0), level = this.#top;
    if (this.#head.length > 20) return this.#fail();
    if (!tag) return;
    const number = Math.floor(tag.value / 8), wire = tag.value % 8;
    const value = wire === 0 || wire === 2 ? this.#number(tag.next) : null;
    if ((wire === 0 || wire === 2) && !value) return;
    const length = wire === 2 ? value!.value : wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : -1;
    if (length < 0 || number === 0 || this.#at + this.#head.length + length > level.end) return this.#fail();
    const head = Uint8Array.from(this.#head), depth = this.#levels.length;
    this.#head = [];
    if (depth < 3 && ++this.#messages > MOST) return this.#fail(head);
    if (wire === 2 && ((depth === 1 && number === GRAPH) || (depth === 2 && number === INITIALIZER))) {
      const message = new Message(number);
      level.message.parts.push(message);
      this.#keep(head, null);
      this.#levels.push({ message, end: this.#at + length });
      if (length === 0) this.#leave();
      return;
    }
    if (wire === 2 && depth === 3 && number === RAW_DATA && length >= LEAST && !level.apart) {
      const place = this.#room(length);
      if (!place) return this.#fail(head);
      this.#keep(head, null);
      level.apart = { path: place.path, offset: place.at, length };
      this.#to = place.data;
      this.#toAt = place.at;
    } else this.#keep(head, level.message);
    this.#left = length;
    if (length === 0) this.#leave();
  }

  #room(length: number): { path: string; data: Uint8Array<ArrayBuffer>; at: number } | null {
    const last = this.#blocks[this.#blocks.length - 1];
    const at = last ? Math.ceil(last.used / ALIGN) * ALIGN : 0;
    if (last && at + length <= last.data.length) {
      last.used = at + length;
      return { path: last.path, data: last.data, at };
    }
    const number = this.#blocks.length, size = Math.max(length, number === 0 ? Math.min(this.expected, this.size) : Math.min(BLOCK, this.size));
    const block = { path: number === 0 ? this.name : `${this.name}.${number}`, data: new Uint8Array(size), used: length };
    this.#blocks.push(block);
    return { path: block.path, data: block.data, at: 0 };
  }

  /** Ends the messages that end here. */
  #leave(): void {
    while (this.#levels.length > 1 && this.#at === this.#top.end) {
      const level = this.#levels.pop()!;
      if (!level.apart) continue;
      const { path, offset, length } = level.apart;
      for (const [key, value] of [["location", path], ["offset", String(offset)], ["length", String(length)]] as const)
        level.message.parts.push(pair(key, value));
      level.message.parts.push(Uint8Array.from([...varint(DATA_LOCATION << 3), 1]));
    }
  }

  /** Copies bytes as they came; false if they have not. */
  back(offset: number, to: Uint8Array): boolean {
    let low = 0, high = this.#spans.length, done = 0;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle]!.start <= offset) low = middle;
      else high = middle;
    }
    for (; done < to.length; low++) {
      const span = this.#spans[low];
      if (!span) return false;
      const part = span.data.subarray(offset + done - span.start, offset - span.start + to.length);
      if (part.length === 0) return false;
      to.set(part, done);
      done += part.length;
    }
    return true;
  }

  /** The model without its weights, and these; null if it could not be taken apart. */
  finish(): { model: Uint8Array<ArrayBuffer>; external: ExternalData[] } | null {
    if (!this.sound || this.#head.length > 0 || this.#left > 0 || this.#levels.length > 1) return null;
    const model = new Uint8Array(this.#root.size);
    this.#root.write(model, 0);
    return { model, external: this.#blocks.map(({ path, data, used }) => ({ path, data: data.subarray(0, used) })) };
  }

  /** The model as it came. */
  plain(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#at);
    for (const { start, data } of this.#spans) all.set(data, start);
    return all;
  }
}

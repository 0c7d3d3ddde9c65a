/** Names, types and shapes of tensors in an ONNX model whose weights have been cut out. */

/** What stands between two runs of graph bytes. */
export type Piece =
  | { kind: "part"; section: number; part: number; bytes: number | null } // bytes: null if it is as long as the field needs
  | { kind: "base" };

/** Graph bytes, or a piece that was cut out. */
export type Segment = Uint8Array | Piece;

/** Bytes as they stand, or a piece and how many it has. */
export type Content = Uint8Array | (Piece & { length: number });

/** An initializer of the graph. */
export interface Initializer {
  name: string;
  dataType: number;
  dims: number[];
  /** Bytes of raw_data, and what they consist of; null: the values stand elsewhere in the graph. */
  bytes: number | null;
  content: Content[];
}

class Unknown extends Error {}

type Kind = "model" | "function" | "graph" | "node" | "attribute" | "sparse" | "tensor";

// Fields of ONNX's messages with messages that tensors are in, however deep
const CHILDREN: Record<Kind, Record<number, Kind>> = {
  model: { 7: "graph", 25: "function" },
  function: { 7: "node" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};
const DEEPEST = 64;
const MOST = { tensors: 1 << 18, dims: 64 };

class Walk {
  found: Initializer[] = [];
  #segment = 0;
  #within = 0; // bytes of it that are behind
  #at = 0;

  constructor(readonly segments: readonly Segment[]) {}

  #byte(): number {
    for (;;) {
      const segment = this.segments[this.#segment];
      if (!(segment instanceof Uint8Array)) throw new Unknown();
      if (this.#within < segment.length) {
        this.#at++;
        return segment[this.#within++]!;
      }
      this.#segment++;
      this.#within = 0;
    }
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Unknown();
  }

  /** The next bytes, as they stand or as the pieces that they are. */
  #take(length: number): Content[] {
    const content: Content[] = [];
    for (let left = length; left > 0; ) {
      const segment = this.segments[this.#segment];
      if (!segment) throw new Unknown();
      if (segment instanceof Uint8Array) {
        const some = segment.subarray(this.#within, this.#within + left);
        if (some.length > 0) content.push(some);
        this.#within += some.length;
        left -= some.length;
        this.#at += some.length;
        if (this.#within < segment.length) continue;
      } else {
        const bytes = segment.kind === "part" ? (segment.bytes ?? left) : left;
        if (bytes > left) throw new Unknown();
        content.push({ ...segment, length: bytes });
        left -= bytes;
        this.#at += bytes;
      }
      this.#segment++;
      this.#within = 0;
    }
    return content;
  }

  #text(length: number): string {
    let text = "";
    const decoder = new TextDecoder();
    for (const part of this.#take(length)) {
      if (!(part instanceof Uint8Array)) throw new Unknown();
      text += decoder.decode(part, { stream: true });
    }
    return text + decoder.decode();
  }

  message(kind: Kind, end: number, listed: boolean, depth: number): void {
    if (depth > DEEPEST) throw new Unknown();
    const tensor: Initializer = { name: "", dataType: 0, dims: [], bytes: null, content: [] };
    while (this.#at < end) {
      const tag = this.#varint(), field = Math.floor(tag / 8), wire = tag % 8;
      if (wire === 0) {
        const value = this.#varint();
        if (kind === "tensor" && field === 1 && tensor.dims.length <= MOST.dims) tensor.dims.push(value);
        if (kind === "tensor" && field === 2) tensor.dataType = value;
        continue;
      }
      const length = wire === 2 ? this.#varint() : wire === 1 ? 8 : wire === 5 ? 4 : -1;
      if (length < 0 || field === 0 || this.#at + length > end) throw new Unknown();
      const child = wire === 2 ? CHILDREN[kind][field] : undefined;
      if (child) this.message(child, this.#at + length, kind === "graph" && depth === 1 && field === 5, depth + 1);
      else if (kind === "tensor" && wire === 2 && field === 1) {
        for (const stop = this.#at + length; this.#at < stop && tensor.dims.length <= MOST.dims; ) tensor.dims.push(this.#varint());
      } else if (kind === "tensor" && wire === 2 && field === 8) tensor.name = this.#text(length);
      else if (kind === "tensor" && wire === 2 && field === 9) {
        tensor.bytes = length;
        tensor.content = this.#take(length);
      } else this.#take(length);
    }
    if (this.#at !== end || tensor.dims.length > MOST.dims || this.found.length === MOST.tensors) throw new Unknown();
    if (listed) this.found.push(tensor);
  }
}

/** Initializers of the main graph in order; null if this is no ONNX model, or one that cannot be walked through. */
export function initializers(segments: readonly Segment[], size: number): Initializer[] | null {
  const walk = new Walk(segments);
  try {
    walk.message("model", size, false, 0);
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
  return walk.found;
}

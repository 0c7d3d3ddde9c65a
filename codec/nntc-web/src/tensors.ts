/** Tensors and sections of a file, as `open` tells of them. */
import type { Content, Initializer, Segment } from "./graph.js";

/** A tensor of the model. */
export interface TensorEntry {
  name: string;
  /** Number that ONNX gives the element type: 1 is float32. */
  dataType: number;
  dims: number[];
  /** Bytes of the tensor; null where the type is not known. */
  bytes: number | null;
  /** Whether its bytes can be read by name; else they stand in the graph in another form, or belong to the base of an update. */
  readable: boolean;
  /** Which TENSOR sections, counted from 0, its bytes are in. */
  sections: number[];
}

/** How the elements of a TENSOR section are coded (SPEC.md, clause 7). */
export interface Coding {
  tool: "planes" | "codebook" | "uniform" | "difference";
  /** Elements, and bytes of each. */
  elements: number;
  width: number;
  /** Matrix views; several small tensors share a ragged one. */
  view: "matrix" | "transposed" | "ragged";
  rows: number;
  /** Records that change the elements one after another. */
  records: number;
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

export const isReadable = (tensor: Initializer) =>
  tensor.bytes !== null && tensor.content.every((content: Content) => content instanceof Uint8Array || content.kind === "part");

export function entryOf(tensor: Initializer): TensorEntry {
  const { name, dataType, dims, bytes } = tensor;
  const sections = tensor.content.flatMap((content) => (!(content instanceof Uint8Array) && content.kind === "part" ? [content.section] : []));
  return { name, dataType, dims, bytes, readable: isReadable(tensor), sections };
}

/** Segments with the number of bytes where it is known: the only part of a section has all of its output. */
export function measured(segments: Segment[], sections: readonly Section[]): Segment[] {
  const several = new Set<number>();
  for (const segment of segments) if (!(segment instanceof Uint8Array) && segment.kind === "part" && segment.part > 0) several.add(segment.section);
  return segments.map((segment) =>
    segment instanceof Uint8Array || segment.kind !== "part" || several.has(segment.section)
      ? segment
      : { ...segment, bytes: sections[segment.section]!.output },
  );
}

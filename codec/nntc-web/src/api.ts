/** All that the package has, in browsers and in Node. */
export { decode, type Decoded, type DecodedFile, type BaseData, type DecodeOptions, type Progress } from "./decode.js";
export type { Opened, OutputFile } from "./decoder.js";
export { NntcFile, open, type OpenOptions } from "./file.js";
export { NntcError, type BaseFile } from "./errors.js";
export type { PublicKey } from "./keys.js";
export { nntcFetch, type Found, type NntcFetchOptions } from "./fetch.js";
export { createSession, type CreateSessionOptions, type Ort } from "./session.js";
export type { OutputKind } from "./output.js";
export type { RandomSource } from "./ranges.js";
export type { Source, SourceOptions } from "./source.js";
export type { Coding, Section, Tensor, TensorEntry } from "./tensors.js";
export { useModule, type Simd } from "./module.js";

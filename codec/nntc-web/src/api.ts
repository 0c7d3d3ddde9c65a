/** All that the package has, in browsers and in Node. */
export { decode, type Decoded, type DecodedFile, type DecodeOptions, type Progress } from "./decode.js";
export type { Opened, OutputFile } from "./decoder.js";
export { NntcError } from "./errors.js";
export type { PublicKey } from "./keys.js";
export type { OutputKind } from "./output.js";
export type { Source, SourceOptions } from "./source.js";
export { useModule, type Simd } from "./module.js";

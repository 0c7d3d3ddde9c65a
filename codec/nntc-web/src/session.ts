/** createSession: an onnxruntime session from a `.nntc` file. */
import { decode, type DecodeOptions } from "./decode.js";
import type { Source } from "./source.js";

/** The part of onnxruntime-web that is used. */
export interface Ort<Session, SessionOptions> {
  InferenceSession: { create(model: Uint8Array, options?: SessionOptions): Promise<Session> };
}

export interface CreateSessionOptions<SessionOptions> extends Omit<DecodeOptions, "output"> {
  /** Options of onnxruntime. */
  session?: SessionOptions | undefined;
}

/**
 * Decodes a file and creates a session of onnxruntime-web from it.
 *
 * Weights are handed over as external data, so that the model is in memory once while the runtime makes its own copy,
 * and the bytes of the graph, which it parses, are few.
 */
export async function createSession<Session, SessionOptions extends object>(
  ort: Ort<Session, SessionOptions>,
  source: Source,
  options: CreateSessionOptions<SessionOptions> = {},
): Promise<Session> {
  const { model, externalData } = await decode(source, { ...options, output: "external" });
  const given = options.session as { externalData?: readonly unknown[] } | undefined;
  const session = { ...given, externalData: [...(given?.externalData ?? []), ...externalData] };
  return ort.InferenceSession.create(model, session as unknown as SessionOptions);
}

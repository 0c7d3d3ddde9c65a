// Compiled and never run: what users write has types.
import { decode, NntcError, type Decoded, type Progress } from "nntc-web";

export async function uses(): Promise<void> {
  const bytes: Decoded<Uint8Array<ArrayBuffer>> = await decode("model.nntc", { onProgress: (at: Progress) => console.log(at.received / at.size) });
  const blobs: Decoded<Blob> = await decode(new Blob(), { output: "blob", signal: AbortSignal.timeout(1000) });
  const apart: Uint8Array = (await decode(new Response(), { output: "external" })).externalData[0]!.data;
  console.log(bytes.model.length, blobs.model.size, apart.length);
  // @ts-expect-error: no such kind of output
  await decode("model.nntc", { output: "text" });
  // @ts-expect-error: a number is no source
  await decode(1);
  try {
    await decode(new URL("https://example.com/model.nntc"));
  } catch (error) {
    if (error instanceof NntcError) console.log(error.id, error.offset);
  }
}

import { createSession, nntcFetch, open } from "nntc-web";
import * as ort from "onnxruntime-web";

export async function runs(): Promise<void> {
  const session: ort.InferenceSession = await createSession(ort, "model.nntc", { session: { executionProviders: ["wasm"] }, retries: 2 });
  const load: typeof fetch = nntcFetch({ cache: false });
  const tensor = await (await open("model.nntc")).tensor("weight");
  console.log(session.inputNames, load, tensor.data.byteLength);
}

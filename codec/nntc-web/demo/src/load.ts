// Loads a network, and tells what that took.
import { createSession, type Opened, type Progress } from "nntc-web";
import * as ort from "onnxruntime-web/wasm";
import runtime from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { bytes, element, megabytes, milliseconds, words } from "./page.js";
import type { Model } from "./models.js";

ort.env.wasm.wasmPaths = { wasm: runtime };
ort.env.wasm.numThreads = 1;

/** A fetch whose answers come no faster than so many Mbit/s; 0: as they are. */
function slowed(speed: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (speed === 0 || !response.body) return response;
    let due = performance.now();
    const slow = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        for (let at = 0; at < chunk.length; at += 8192) {
          const part = chunk.subarray(at, at + 8192);
          due = Math.max(due, performance.now() - 100) + (part.length * 8) / (speed * 1000);
          const wait = due - performance.now();
          if (wait > 4) await new Promise((resolve) => setTimeout(resolve, wait));
          controller.enqueue(part);
        }
      },
    });
    return new Response(response.body.pipeThrough(slow), response);
  };
}

function figures(opened: Opened, loaded: { arrived: number; session: number }): void {
  const list = element<HTMLDListElement>("figures"), saved = opened.output - opened.size;
  const at = (speed: number) => `${milliseconds((opened.size * 8) / (speed * 1000))}, not ${milliseconds((opened.output * 8) / (speed * 1000))}`;
  const pairs: [string, string][] = [
    ["transferred", bytes(opened.size)],
    ["model", bytes(opened.output)],
    ["saved", `${bytes(saved)}, ${(opened.output / opened.size).toFixed(1)} times smaller`],
    ["transfer at 10 Mbit/s", at(10)],
    ["loaded and decoded in", milliseconds(loaded.arrived)],
    ["runtime and session made in", milliseconds(loaded.session)],
  ];
  list.replaceChildren(
    ...pairs.map(([name, value]) => {
      const group = document.createElement("div"), term = document.createElement("dt"), text = document.createElement("dd");
      term.textContent = name;
      text.textContent = value;
      group.append(term, text);
      return group;
    }),
  );
  list.hidden = false;
}

/** A session of a model; null if it could not be loaded, which the page then says. */
export async function load(model: Model, speed: number, signal: AbortSignal): Promise<ort.InferenceSession | null> {
  const status = element("status"), bar = element<HTMLProgressElement>("progress"), begun = performance.now();
  let opened: Opened | undefined, arrived = begun;
  status.className = "";
  const onProgress = ({ received, size, decoded, output }: Progress) => {
    bar.value = size > 0 ? received / size : 0;
    status.textContent = size > 0 ? `${megabytes(received)} of ${megabytes(size)} here, ${megabytes(decoded)} of ${megabytes(output)} decoded` : "connecting";
    arrived = performance.now();
  };
  try {
    const session = await createSession(ort, model.url, { signal, fetch: slowed(speed), onProgress, onOpen: (now) => (opened = now) });
    figures(opened!, { arrived: arrived - begun, session: performance.now() - arrived });
    status.textContent = `Ready: decoded while it arrived, checked by SHA-256 ${opened!.files[0]!.sha256.slice(0, 16)}…`;
    return session;
  } catch (error) {
    status.textContent = words(error);
    status.className = "wrong";
    bar.value = 0;
    return null;
  }
}

export { ort };

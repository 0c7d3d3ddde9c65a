/** What browsers and the workers of other systems have: fetch for the module, Worker. */
import type { Platform } from "../platform.js";
import type { Thread } from "../protocol.js";

const FILES = {
  plain: () => new URL("../nntc.wasm", import.meta.url),
  simd: () => new URL("../nntc-simd.wasm", import.meta.url),
};

async function compile(kind: "plain" | "simd"): Promise<WebAssembly.Module> {
  const response = await fetch(FILES[kind]());
  if (!response.ok) throw new Error(`${response.url}: status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

function start(): Thread | null {
  if (typeof Worker === "undefined") return null;
  const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(message, failed) {
      worker.onmessage = (event) => message(event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        failed(new Error(event.message || "the worker cannot be started"));
      };
      worker.onmessageerror = () => failed(new Error("a message of the worker cannot be read"));
    },
    stop: () => worker.terminate(),
  };
}

export const web: Platform = { compile, start };

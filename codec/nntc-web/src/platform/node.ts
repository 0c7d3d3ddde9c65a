/** What Node has: the module on disk, worker_threads. */
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import type { Platform } from "../platform.js";
import type { Thread } from "../protocol.js";

const FILES = {
  plain: new URL("../nntc.wasm", import.meta.url),
  simd: new URL("../nntc-simd.wasm", import.meta.url),
};

async function compile(kind: "plain" | "simd"): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(FILES[kind]));
}

function start(): Thread | null {
  const worker = new Worker(new URL("../worker-node.js", import.meta.url));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    listen(message, failed) {
      worker.on("message", message);
      worker.on("error", failed);
      worker.on("exit", () => failed(new Error("the thread has ended")));
    },
    stop: () => void worker.terminate(),
  };
}

export const node: Platform = { compile, start };

/** The worker of Node. */
import { parentPort } from "node:worker_threads";
import { serve } from "./serve.js";
import type { ToWorker } from "./protocol.js";

const port = parentPort!;
const take = serve((message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]));
port.on("message", (message: ToWorker) => take(message));

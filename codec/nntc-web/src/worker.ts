/** The worker of browsers. */
import { serve } from "./serve.js";
import type { ToWorker } from "./protocol.js";

const scope = globalThis as unknown as { postMessage(message: unknown, transfer: Transferable[]): void; onmessage: unknown };
const take = serve((message, transfer) => scope.postMessage(message, transfer));
scope.onmessage = (event: MessageEvent<ToWorker>) => take(event.data);

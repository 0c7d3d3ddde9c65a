/** Messages between the thread that reads a file and the one that decodes it. */
import type { ErrorData } from "./errors.js";
import type { Opened, Result, Settings, Standing } from "./decoder.js";

export type ToWorker =
  | { type: "begin"; module: WebAssembly.Module; settings: Settings }
  | { type: "chunk"; data: Uint8Array<ArrayBuffer> }
  | { type: "end" };

export type FromWorker =
  | { type: "ready" }
  /** A chunk has been used: so many bytes. */
  | { type: "took"; bytes: number; standing: Standing }
  | { type: "opened"; opened: Opened }
  | { type: "done"; result: Result }
  | { type: "failed"; error: ErrorData };

/** A worker of this system. */
export interface Thread {
  post(message: ToWorker, transfer: Transferable[]): void;
  listen(message: (message: FromWorker) => void, failed: (error: Error) => void): void;
  stop(): void;
}

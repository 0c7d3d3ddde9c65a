/** What differs between browsers and Node; the entry point sets it. */
import type { Thread } from "./protocol.js";

export interface Platform {
  /** The module of libnntc, compiled. */
  compile(kind: "plain" | "simd"): Promise<WebAssembly.Module>;
  /** A new thread; null where there are none. */
  start(): Thread | null;
}

let current: Platform | undefined;

export function setPlatform(platform: Platform): void {
  current = platform;
}

export function platform(): Platform {
  return current!;
}

/** The compiled module, in one of two builds. */
import { NntcError } from "./errors.js";
import { platform } from "./platform.js";

// (module (func (result v128) i32.const 0 i8x16.splat))
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);

/** Which of the two builds; "auto" takes SIMD where there is any. */
export type Simd = "auto" | "on" | "off";

const compiled = new Map<string, Promise<WebAssembly.Module>>();
let given: WebAssembly.Module | undefined;

/**
 * Takes a module that the caller has compiled (dist/nntc.wasm or dist/nntc-simd.wasm), where it cannot be found beside
 * this code.
 */
export function useModule(module: WebAssembly.Module): void {
  given = module;
}

/** The compiled module, once for each kind. */
export function getModule(simd: Simd): Promise<WebAssembly.Module> {
  if (given) return Promise.resolve(given);
  if (typeof WebAssembly !== "object") return Promise.reject(new NntcError("E_ENVIRONMENT", "there is no WebAssembly here"));
  const kind = simd === "on" || (simd === "auto" && WebAssembly.validate(SIMD)) ? "simd" : "plain";
  let module = compiled.get(kind);
  if (!module) {
    module = platform().compile(kind).catch((cause: unknown) => {
      compiled.delete(kind);
      const text = `the WebAssembly module cannot be loaded (a Content-Security-Policy needs 'wasm-unsafe-eval'): ${String(cause)}`;
      throw new NntcError("E_ENVIRONMENT", text, null, { cause });
    });
    compiled.set(kind, module);
  }
  return module;
}

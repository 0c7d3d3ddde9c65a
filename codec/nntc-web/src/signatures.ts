/**
 * Ed25519 by Web Crypto, which answers later, for a decoder that wants to know now: what is not known yet counts as
 * wrong and is noted down; when all of it has been verified, the decoder is asked again.
 */
import { NntcError } from "./errors.js";
import { hex } from "./bytes.js";

export class Signatures {
  #known = new Map<string, boolean>();
  #open: { name: string; key: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer>; message: Uint8Array<ArrayBuffer> }[] = [];

  clear(): void {
    this.#open = [];
  }

  /** Whether anything has been noted down. */
  get open(): boolean {
    return this.#open.length > 0;
  }

  /** 0 for a signature that is known to be right, else 1. */
  check(key: Uint8Array, signature: Uint8Array, message: Uint8Array): number {
    const name = `${hex(key)}${hex(signature)}`, known = this.#known.get(name);
    if (known === undefined) this.#open.push({ name, key: key.slice(), signature: signature.slice(), message: message.slice() });
    return known === true ? 0 : 1;
  }

  async verify(): Promise<void> {
    const subtle = globalThis.crypto?.subtle;
    if (!subtle) throw new NntcError("E_ENVIRONMENT", "signatures need Web Crypto, which is for secure origins");
    for (const { name, key, signature, message } of this.#open) {
      try {
        const imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
        this.#known.set(name, await subtle.verify({ name: "Ed25519" }, imported, signature, message));
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === "NotSupportedError")
          throw new NntcError("E_ENVIRONMENT", "Web Crypto of this system has no Ed25519", null, { cause });
        this.#known.set(name, false);
      }
    }
    this.#open = [];
  }
}

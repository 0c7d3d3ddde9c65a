/** Public keys of Ed25519 as callers have them. */

/** 32 bytes, 64 hexadecimal digits, or a PEM file's text (`nntc keygen`, openssl). */
export type PublicKey = Uint8Array | string;

// SubjectPublicKeyInfo of RFC 8410 up to the key itself
const PREFIX = "302a300506032b6570032100";

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function publicKey(key: PublicKey): Uint8Array {
  if (key instanceof Uint8Array) {
    if (key.length === 32) return key.slice();
  } else if (/^[0-9a-fA-F]{64}$/.test(key)) return fromHex(key);
  else {
    const pem = /-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----/.exec(key);
    const der = pem ? Uint8Array.from(atob(pem[1]!.replace(/\s/g, "")), (character) => character.charCodeAt(0)) : new Uint8Array();
    const prefix = fromHex(PREFIX);
    if (der.length === prefix.length + 32 && prefix.every((byte, i) => der[i] === byte)) return der.slice(prefix.length);
  }
  throw new TypeError("a public key of Ed25519 is 32 bytes, 64 hexadecimal digits or a PEM text");
}

export function publicKeys(keys: PublicKey | readonly PublicKey[] | undefined): Uint8Array[] {
  if (keys === undefined) return [];
  const list = typeof keys === "string" || keys instanceof Uint8Array ? [keys] : keys;
  if (list.length === 0) throw new TypeError("requireKey needs a key");
  return list.map(publicKey);
}

// What a conformance vector promises, checked on a decoder; for Node and for browsers.

/** A stream of the bytes in chunks of changing sizes. */
export function inChunks(bytes, sizes) {
  let at = 0, turn = 0;
  return new ReadableStream({
    pull(controller) {
      const size = sizes[turn++ % sizes.length];
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

export const WAYS = {
  bytes: (bytes) => bytes,
  blob: (bytes) => new Blob([bytes]),
  stream: (bytes) => inChunks(bytes, [1, 7, 64, 3, 1000]),
  "byte by byte": (bytes) => inChunks(bytes, [1]),
};

const error = ({ id, offset }) => `${id} @ ${offset}`;

/** The error of a decoding, or "" and what it gave. */
async function outcome(decode, source, options) {
  try {
    return { said: "", decoded: await decode(source, options) };
  } catch (cause) {
    if (cause?.name !== "NntcError") throw cause;
    return { said: error(cause) };
  }
}

export async function digest(data) {
  const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Faults that a decoder sees late if it does not know how long the file is, behind another one (SPEC.md 5.3).
const LATE = new Set(["signed-trailing-byte", "signed-cut-off", "memory-after-layout", "first-layout-digest"]);
const LAYOUT = /^(E_TRAILING|E_TRUNCATED)/;

/** Everything that one vector says; returns what is not so. load gives the bytes of a file of the suite. */
export async function faults(decode, vector, load, way, options = {}) {
  const bytes = await load(vector.file), found = [];
  const mayDiffer = (wanted) => typeof WAYS[way](bytes).getReader === "function" && LATE.has(vector.id) && LAYOUT.test(wanted);
  const base = await Promise.all((vector.base ?? []).map((file) => load(file.file)));
  const check = async (what, expected, more) => {
    const { said, decoded } = await outcome(decode, WAYS[way](bytes), { base, maxMemory: 2 ** 40, ...options, ...more });
    const wanted = expected ? error(expected) : "";
    if (said !== wanted && !(said && mayDiffer(wanted))) found.push(`${vector.id}, ${way}${what}: ${said || "accepted"} in place of ${wanted || "accepted"}`);
    if (wanted || said) return;
    for (const [i, file] of vector.output.entries()) {
      const made = decoded.files[i];
      if (made?.name !== file.name || (await digest(made.data)) !== file.sha256) found.push(`${vector.id}, ${way}${what}: file ${i}`);
    }
    if (decoded.files.length !== vector.output.length) found.push(`${vector.id}, ${way}${what}: ${decoded.files.length} files`);
  };
  await check("", vector.error);
  if (vector.without_base) await check(", no base", vector.without_base, { base: [] });
  for (const limits of vector.caller_limits ?? [])
    await check(", limits", limits.error ?? vector.error, {
      ...(limits.memory === undefined ? {} : { maxMemory: limits.memory }),
      ...(limits.output === undefined ? {} : { maxOutput: limits.output }),
    });
  for (const keys of vector.caller_keys ?? [])
    await check(", keys", keys.error ?? vector.error, { requireKey: keys.keys, threshold: keys.threshold });
  return found;
}

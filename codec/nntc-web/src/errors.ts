/**
 * The one error of this package.
 *
 * `id` and `offset` are those of SPEC.md, clause 12, when a file is at fault (`E_DIGEST` at the byte 123). Besides
 * there are ids for what is no fault of the file:
 *
 * | id | |
 * |---|---|
 * | `E_SOURCE` | a server or a connection fails, or sends something else than the file |
 * | `E_SOURCE_CHANGED` | the file was replaced while it was read |
 * | `E_STORE` | the browser's storage is full, or refuses |
 * | `E_ENVIRONMENT` | WebAssembly is missing, or a Content-Security-Policy forbids it |
 * | `ABSENT` | there is no tensor of that name |
 * | `ARENA`, `CODER`, `SINK`, `CALLER` | of libnntc: no memory left, no such coder, output or argument refused |
 *
 * Wrong arguments are TypeError or RangeError, an abort is the reason of the signal.
 */
export class NntcError extends Error {
  override readonly name = "NntcError";
  /** Error id such as `E_CRC`. */
  readonly id: string;
  /** Byte of the file at which the fault was found; null where there is none. */
  readonly offset: number | null;
  /** Whether the file may be valid, but needs a newer or fuller decoder. */
  readonly unsupported: boolean;
  /** With `E_BASE`, the files of the base that were not given; else empty. */
  readonly needs: readonly BaseFile[];

  constructor(id: string, text: string, offset: number | null = null, options: { unsupported?: boolean; needs?: readonly BaseFile[]; cause?: unknown } = {}) {
    super(`${id}${offset === null ? "" : ` @ ${offset}`}: ${text}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.id = id;
    this.offset = offset;
    this.unsupported = options.unsupported ?? false;
    this.needs = options.needs ?? [];
  }
}

/** A file that an update was made for. */
export interface BaseFile {
  size: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** An error as plain data, for messages between threads. */
export interface ErrorData {
  id: string;
  text: string;
  offset: number | null;
  unsupported: boolean;
  needs: readonly BaseFile[];
}

export function errorData(error: unknown): ErrorData {
  if (!(error instanceof NntcError)) return { id: "E_ENVIRONMENT", text: String(error), offset: null, unsupported: false, needs: [] };
  const { id, offset, unsupported, needs, message } = error;
  return { id, text: message.slice(message.indexOf(": ") + 2), offset, unsupported, needs };
}

export function errorFrom(data: ErrorData): NntcError {
  return new NntcError(data.id, data.text, data.offset, { unsupported: data.unsupported, needs: data.needs });
}

/** A decoding in another thread, or where there are none in this one. */
import { Decoder, type Opened, type Result, type Settings, type Standing } from "./decoder.js";
import { errorFrom, NntcError } from "./errors.js";
import { platform } from "./platform.js";
import type { FromWorker, Thread } from "./protocol.js";

/** What a decoding tells on its way. */
export interface Listener {
  standing(standing: Standing): void;
  opened(opened: Opened): void;
}

export interface Decoding {
  /** Takes a chunk, which is then no longer the caller's; waits as long as many are ahead. */
  push(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** How far it is when all chunks so far have been used. */
  standing(): Promise<Standing>;
  end(): Promise<Result>;
  /** Ends it, whatever it does. */
  stop(): void;
}

const AHEAD = 8 << 20; // bytes that wait for the worker
const STARTING = 10_000; // milliseconds that a worker may take to begin
const AT_ONCE = 12; // milliseconds that this thread is kept busy without a break

class Remote implements Decoding {
  #outstanding = 0;
  #standing: Standing = { received: 0, wanted: 28, decoded: 0, memory: 0 };
  #error: Error | null = null;
  #result: Result | null = null;
  #wake: (() => void)[] = [];

  constructor(readonly thread: Thread, readonly listener: Listener) {}

  take(message: FromWorker): void {
    if (message.type === "took") {
      this.#outstanding -= message.bytes;
      this.#standing = message.standing;
      this.listener.standing(message.standing);
    } else if (message.type === "opened") this.listener.opened(message.opened);
    else if (message.type === "done") this.#result = message.result;
    else if (message.type === "failed") this.#error = errorFrom(message.error);
    this.#awake();
  }

  fail(error: Error): void {
    this.#error ??= new NntcError("E_ENVIRONMENT", `the worker has stopped: ${error.message}`, null, { cause: error });
    this.#awake();
  }

  #awake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!this.#error && !holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
    if (this.#error) throw this.#error;
  }

  async push(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#until(() => this.#outstanding < AHEAD);
    this.#outstanding += chunk.length;
    this.thread.post({ type: "chunk", data: chunk }, [chunk.buffer]);
  }

  async standing(): Promise<Standing> {
    await this.#until(() => this.#outstanding === 0);
    return this.#standing;
  }

  async end(): Promise<Result> {
    this.thread.post({ type: "end" }, []);
    await this.#until(() => this.#result !== null);
    return this.#result!;
  }

  stop(): void {
    this.#error ??= new NntcError("E_ENVIRONMENT", "the worker was stopped");
    this.thread.stop();
    this.#awake();
  }
}

class Local implements Decoding {
  #opened = false;
  #rested = performance.now();
  #stopped = false;

  constructor(readonly decoder: Decoder, readonly listener: Listener) {}

  async push(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    this.decoder.push(chunk);
    while (!this.#stopped && (await this.decoder.step())) await this.#breathe();
    await this.#breathe();
  }

  async #breathe(): Promise<void> {
    if (!this.#opened && this.decoder.opened) {
      this.#opened = true;
      this.listener.opened(this.decoder.opened);
    }
    this.listener.standing(this.decoder.standing);
    if (performance.now() - this.#rested < AT_ONCE) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#rested = performance.now();
  }

  standing(): Promise<Standing> {
    return Promise.resolve(this.decoder.standing);
  }

  end(): Promise<Result> {
    return this.decoder.end();
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** A worker that has said it is ready; null if it cannot be had. */
async function ready(listener: Listener): Promise<Remote | null> {
  let thread: Thread | null;
  try {
    thread = platform().start();
  } catch {
    return null; // a Content-Security-Policy, or a page without an origin
  }
  if (!thread) return null;
  const remote = new Remote(thread, listener);
  const begun = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), STARTING);
    const decide = (is: boolean) => {
      clearTimeout(timer);
      resolve(is);
    };
    thread.listen(
      (message) => (message.type === "ready" ? decide(true) : remote.take(message)),
      (error) => {
        decide(false);
        remote.fail(error);
      },
    );
  });
  if (begun) return remote;
  thread.stop();
  return null;
}

/** Begins a decoding. */
export async function begin(module: WebAssembly.Module, settings: Settings, worker: boolean, listener: Listener): Promise<Decoding> {
  const remote = worker ? await ready(listener) : null;
  if (!remote) return new Local(await Decoder.make(module, settings), listener);
  try {
    remote.thread.post({ type: "begin", module, settings }, []);
  } catch {
    remote.stop(); // modules that cannot be sent
    return new Local(await Decoder.make(module, settings), listener);
  }
  return remote;
}

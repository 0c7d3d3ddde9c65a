/** The decoding side of a worker. */
import { Decoder } from "./decoder.js";
import { errorData } from "./errors.js";
import type { FromWorker, ToWorker } from "./protocol.js";

/** Buffers of a result, which go over to the other thread. */
function buffers(message: FromWorker): Transferable[] {
  if (message.type !== "done") return [];
  const { data, external } = message.result;
  const arrays = [...data.filter((one): one is Uint8Array<ArrayBuffer> => one instanceof Uint8Array), ...external.map((one) => one.data)];
  return [...new Set(arrays.map((array) => array.buffer))];
}

/** Returns what takes messages; post sends the answers. */
export function serve(post: (message: FromWorker, transfer: Transferable[]) => void): (message: ToWorker) => void {
  let decoder: Decoder | null = null, opened = false, failed = false;
  let turn: Promise<void> = Promise.resolve();
  const send = (message: FromWorker) => post(message, buffers(message));
  const work = async (message: ToWorker): Promise<void> => {
    if (message.type === "begin") decoder = await Decoder.make(message.module, message.settings);
    if (!decoder) return;
    if (message.type === "chunk") {
      decoder.push(message.data);
      while (await decoder.step()) {
        tell(decoder);
        send({ type: "took", bytes: 0, standing: decoder.standing });
      }
      tell(decoder);
      send({ type: "took", bytes: message.data.length, standing: decoder.standing });
    }
    if (message.type === "end") {
      const result = await decoder.end();
      tell(decoder);
      send({ type: "done", result });
      decoder = null;
    }
  };
  const tell = (from: Decoder) => {
    if (!opened && from.opened) send({ type: "opened", opened: from.opened });
    opened ||= from.opened !== null;
  };
  const guarded = async (message: ToWorker): Promise<void> => {
    if (failed) return;
    try {
      await work(message);
    } catch (error) {
      failed = true;
      decoder = null;
      send({ type: "failed", error: errorData(error) });
    }
  };
  send({ type: "ready" });
  return (message) => {
    turn = turn.then(() => guarded(message));
  };
}

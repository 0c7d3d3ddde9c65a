// A network that says what is on a picture.
import { ort } from "./load.js";
import { element, words } from "./page.js";

const SIDE = 32;
const KINDS = ["an airplane", "a car", "a bird", "a cat", "a deer", "a dog", "a frog", "a horse", "a ship", "a truck"];
const canvas = element<HTMLCanvasElement>("seen");
let session: ort.InferenceSession | null = null, chosen: ImageBitmap | null = null;

/** Red, green and blue from -1 to 1, one after the other; the middle of the picture. */
function pixels(picture: ImageBitmap): Float32Array {
  const context = canvas.getContext("2d", { willReadFrequently: true })!, size = Math.min(picture.width, picture.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - size) / 2, (picture.height - size) / 2, size, size, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE), found = new Float32Array(3 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) for (let color = 0; color < 3; color++) found[color * SIDE * SIDE + i] = data[4 * i + color]! / 127.5 - 1;
  return found;
}

async function look(): Promise<void> {
  if (!session || !chosen) return;
  const input = new ort.Tensor("float32", pixels(chosen), [1, 3, SIDE, SIDE]), begun = performance.now();
  const output = await session.run({ [session.inputNames[0]!]: input });
  const time = performance.now() - begun, scores = Array.from(output[session.outputNames[0]!]!.data as Float32Array);
  const order = scores.map((score, kind) => ({ score, kind })).sort((a, b) => b.score - a.score);
  element("kind").textContent = `This looks like ${KINDS[order[0]!.kind]}, or else like ${KINDS[order[1]!.kind]} (${time.toFixed(0)} ms).`;
}

export function pictures(next: ort.InferenceSession): void {
  session = next;
  void look();
}

export function prepare(): void {
  element<HTMLInputElement>("picture").addEventListener("change", async (event) => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (!file) return;
    try {
      chosen = await createImageBitmap(file);
      await look();
    } catch (error) {
      element("kind").textContent = `The picture cannot be read: ${words(error)}`;
    }
  });
}

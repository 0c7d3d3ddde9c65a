// A pad to draw on, and a network that reads what is drawn.
import { ort } from "./load.js";
import { element } from "./page.js";

const SIDE = 320, PEN = 30, STEP = SIDE / 16;
const pad = element<HTMLCanvasElement>("pad"), context = pad.getContext("2d", { willReadFrequently: true })!;
let session: ort.InferenceSession | null = null, busy = false, again = false, empty = true;
let cursor = { x: SIDE / 2, y: SIDE / 2 };

function clear(): void {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = "#111";
  empty = true;
  show(null);
}

function draw(from: { x: number; y: number }, to: { x: number; y: number }): void {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y + 0.01);
  context.stroke();
  empty = false;
  void read();
}

/** Ink as the network knows it: 8 by 8 numbers from 0 to 1, how much of each field is ink, the digit as high as the field. */
function pixels(): Float32Array {
  const { data } = context.getImageData(0, 0, SIDE, SIDE), ink = (x: number, y: number) => data[4 * (y * SIDE + x)]! < 128;
  let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      if (ink(x, y)) [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  const size = Math.max(bottom - top + 1, (right - left + 1) * 1.15), middle = (left + right) / 2, center = (top + bottom) / 2;
  const found = new Float32Array(64);
  for (let row = 0; row < 32; row++)
    for (let column = 0; column < 32; column++) {
      const x = Math.round(middle + ((column + 0.5) / 32 - 0.5) * size), y = Math.round(center + ((row + 0.5) / 32 - 0.5) * size);
      if (x >= 0 && x < SIDE && y >= 0 && y < SIDE && ink(x, y)) found[(row >> 2) * 8 + (column >> 2)]! += 1 / 16;
    }
  return found;
}

function show(likely: number[] | null): void {
  const answer = element("answer"), bars = element("bars");
  const best = likely ? likely.indexOf(Math.max(...likely)) : -1;
  answer.querySelector("b")!.textContent = likely ? String(best) : "?";
  answer.querySelector("span")!.textContent = likely ? `${(100 * likely[best]!).toFixed(0)} % sure` : "Draw with finger, mouse, or arrow keys and space.";
  [...bars.children].forEach((item, digit) => {
    const share = likely?.[digit] ?? 0;
    item.querySelector<HTMLElement>("i")!.style.width = `${100 * share}%`;
    item.lastElementChild!.textContent = `${(100 * share).toFixed(0)} %`;
  });
}

async function read(): Promise<void> {
  if (!session || empty) return;
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const input = new ort.Tensor("float32", pixels(), [1, 1, 8, 8]);
  const output = await session.run({ [session.inputNames[0]!]: input });
  const scores = Array.from(output[session.outputNames[0]!]!.data as Float32Array), most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most)), sum = powers.reduce((a, b) => a + b);
  busy = false;
  if (empty) return;
  show(powers.map((power) => power / sum));
  if (again) {
    again = false;
    void read();
  }
}

function place(event: PointerEvent): { x: number; y: number } {
  const box = pad.getBoundingClientRect(), scale = SIDE / box.width;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}

/** Where the keyboard draws next. */
function mark(): void {
  pad.style.background = `#fff`;
  pad.style.boxShadow = "none";
  pad.setAttribute("aria-label", `Drawing area, at ${Math.round(cursor.x / STEP)}, ${Math.round(cursor.y / STEP)} of 16. Arrow keys move, with space or shift held they draw, delete clears.`);
}

export function digits(next: ort.InferenceSession): void {
  session = next;
  void read();
}

export function prepare(): void {
  element("bars").replaceChildren(
    ...Array.from({ length: 10 }, (_, digit) => {
      const item = document.createElement("li");
      item.innerHTML = `<span>${digit}</span><span><i></i></span><span></span>`;
      return item;
    }),
  );
  let last: { x: number; y: number } | null = null, held = false;
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    draw(last, last);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = place(event);
    draw(last, now);
    last = now;
  });
  for (const end of ["pointerup", "pointercancel"] as const) pad.addEventListener(end, () => (last = null));
  pad.addEventListener("keydown", (event) => {
    const ways: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (event.key === "Delete" || event.key === "Backspace") clear();
    else if (event.key === " ") {
      held = true;
      draw(cursor, cursor);
    } else if (way) {
      const to = { x: Math.min(Math.max(cursor.x + way[0] * STEP, 0), SIDE), y: Math.min(Math.max(cursor.y + way[1] * STEP, 0), SIDE) };
      if (held || event.shiftKey) draw(cursor, to);
      cursor = to;
      mark();
    } else return;
    event.preventDefault();
  });
  pad.addEventListener("keyup", (event) => {
    if (event.key === " ") held = false;
  });
  element("clear").addEventListener("click", clear);
  clear();
}

// Shows what nntc info shows, of a file of the user's own.
import { decode, open, type NntcFile, type TensorEntry } from "nntc-web";
import { bytes, element, fill, words } from "./page.js";

const TYPES = ["", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32", "uint64"];
TYPES[16] = "bfloat16";
let chosen: File | null = null;

function sectionRows(file: NntcFile): (string | number)[][] {
  const rows = new Map<string, { count: number; offset: number; length: number }>();
  for (const { type, offset, length } of file.sections) {
    const row = rows.get(type) ?? { count: 0, offset, length: 0 };
    rows.set(type, { count: row.count + 1, offset: row.offset, length: row.length + length });
  }
  return [...rows].map(([type, { count, offset, length }]) => [type, count, offset, length]);
}

/** How a tensor is coded, and in how many bits an element; tensors that share a section share its bytes by their sizes. */
async function tensorRow(file: NntcFile, tensor: TensorEntry): Promise<(string | number)[]> {
  const shape = tensor.dims.join("×") || "scalar", type = TYPES[tensor.dataType] || String(tensor.dataType);
  if (tensor.sections.length === 0) return [tensor.name, type, shape, "in the graph", "", ""];
  const coding = await file.coding(tensor.sections[0]!), sections = file.sections.filter((section) => section.type === "TENSOR");
  const stored = tensor.sections.reduce((sum, i) => sum + sections[i]!.length, 0), output = tensor.sections.reduce((sum, i) => sum + sections[i]!.output, 0);
  const own = coding.view === "ragged" && tensor.bytes ? (stored * tensor.bytes) / output : stored;
  const elements = (tensor.bytes ?? output) / coding.width;
  return [tensor.name, type, shape, coding.tool, ((8 * own) / elements).toFixed(2), Math.round(own).toLocaleString("en")];
}

async function look(source: File): Promise<void> {
  const said = element("looked"), inside = element("inside");
  inside.hidden = true;
  said.className = "";
  said.textContent = `Reading ${source.name} …`;
  try {
    const file = await open(source), { bytes: output, sha256 } = await file.output();
    const tensors = await file.tensors().catch(() => []);
    fill(element("sections"), ["section", "count", "offset", "bytes"], sectionRows(file));
    const rows = [];
    for (const tensor of tensors) rows.push(await tensorRow(file, tensor));
    fill(element("tensors"), ["tensor", "type", "shape", "tool", "bits", "bytes"], rows);
    const memory = Math.round(file.workingMemory / 1024).toLocaleString("en");
    said.textContent =
      `${source.name}: profile ${file.profile}, ${bytes(file.size)}, ${(output / file.size).toFixed(2)} times smaller than the model's ${output.toLocaleString("en")}; ` +
      `${memory} KiB of working memory on a device; SHA-256 of the model ${sha256.slice(0, 16)}…`;
    chosen = source;
    inside.hidden = false;
  } catch (error) {
    said.textContent = `${source.name}: ${words(error)}`;
    said.className = "wrong";
  }
}

async function save(): Promise<void> {
  if (!chosen) return;
  const said = element("looked");
  try {
    const { model } = await decode(chosen, { output: "blob" }), link = document.createElement("a");
    link.href = URL.createObjectURL(model);
    link.download = chosen.name.replace(/(\.nntc)?$/, ".onnx");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    said.textContent = words(error);
    said.className = "wrong";
  }
}

export function prepare(): void {
  const drop = element("drop"), input = element<HTMLInputElement>("file");
  input.addEventListener("change", () => input.files?.[0] && void look(input.files[0]));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  for (const end of ["dragleave", "drop"] as const) addEventListener(end, () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void look(file);
  });
  element("save").addEventListener("click", () => void save());
}

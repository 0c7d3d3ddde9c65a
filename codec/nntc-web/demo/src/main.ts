// The page: load a network, use it, look into files.
import * as digits from "./digits.js";
import * as inside from "./inside.js";
import { load } from "./load.js";
import { MODELS } from "./models.js";
import { element } from "./page.js";
import * as pictures from "./pictures.js";

const select = element<HTMLSelectElement>("model"), stop = element<HTMLButtonElement>("stop");
select.append(...MODELS.map(({ title }, i) => new Option(title, String(i))));
for (const part of [digits, pictures, inside]) part.prepare();

let running: AbortController | null = null;
element("load").addEventListener("submit", async (event) => {
  event.preventDefault();
  running?.abort();
  const mine = (running = new AbortController()), model = MODELS[Number(select.value)]!;
  stop.disabled = false;
  const session = await load(model, Number(element<HTMLSelectElement>("speed").value), mine.signal);
  if (running !== mine) return;
  stop.disabled = true;
  if (!session) return;
  element("digits").hidden = model.use !== "digits";
  element("pictures").hidden = model.use !== "pictures";
  if (model.use === "digits") digits.digits(session);
  else pictures.pictures(session);
});
stop.addEventListener("click", () => running?.abort());

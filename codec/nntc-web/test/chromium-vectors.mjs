// Runs vectors in a page.
import { faults } from "/vectors.mjs";

const load = async (name) => new Uint8Array(await (await fetch(`/suite/${name}`)).arrayBuffer());

export default async function run({ decode }, { way, options, every }) {
  const { vectors } = await (await fetch("/suite/manifest.json")).json();
  const chosen = vectors.filter((_, i) => i % every === 0), found = [];
  const lane = async (first) => {
    for (let i = first; i < chosen.length; i += 4) found.push(...(await faults(decode, chosen[i], load, way, options)));
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  return { count: chosen.length, faults: found };
}

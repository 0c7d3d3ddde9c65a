// Measures decoding in Node and in Chromium, and the memory of sessions:
//
//     node scripts/benchmark.mjs [--native NNTC-C] [--session MODEL.onnx MODEL.nntc] FILE.nntc...
//
// It runs what scripts/test.mjs has installed (npm test). Times are CPU time in ms, the least of
// five decodings, files are in memory. Memory is the peak of
// the process that holds the session (VmHWM of Node, or of Chromium's renderer), less that of one
// with a session of a small network, which has the runtime too.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(dirname(fileURLToPath(import.meta.url))), place = join(here, "build", "installed");
const { values, positionals } = parseArgs({ allowPositionals: true, options: { native: { type: "string" }, session: { type: "string", multiple: true }, child: { type: "string" } } });
const load = (path) => import(pathToFileURL(join(place, path)).href);
const RUNS = 5;

const ownTime = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;

/** The least CPU time of five turns; clock tells what has been used. */
async function best(work, clock = ownTime) {
  let least = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const begun = await clock();
    await work();
    least = Math.min(least, (await clock()) - begun);
  }
  return least;
}

/** The least CPU time of a command. */
function bestOf(...command) {
  const script = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null';
  const run = () => spawnSync("bash", ["-c", script, "bash", ...command], { encoding: "utf8" }).stderr.trim().split(" ");
  return Math.min(...Array.from({ length: RUNS }, () => run().reduce((sum, seconds) => sum + 1000 * Number(seconds), 0)));
}

const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
const row = (cells) => console.log(`| ${cells.join(" | ")} |`);
const ms = (time) => time.toFixed(time < 10 ? 1 : 0);

async function browserPage(server) {
  const { launch } = await load("browser.mjs");
  const browser = await launch(), page = await browser.newPage();
  await page.goto(`${server.url}/installed/index.html`);
  return { browser, page };
}

async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.filter((one) => one.type === "renderer");
}

async function speed(files) {
  const { serve } = await load("server.mjs"), { decode } = await load("node_modules/nntc-web/dist/node.js");
  row(["file", "bytes", "decoded", "native", "Node, SIMD", "Node, plain", "Chromium", "at 10 Mbit/s", "at 100 Mbit/s"]);
  row(["---", ...Array(8).fill("--:")]);
  for (const file of files) {
    const data = new Uint8Array(await readFile(file)), server = await serve({ installed: place, "": dirname(resolve(file)) });
    const { model } = await decode(data, { worker: false });
    const native = values.native ? ms(bestOf(values.native, "verify", file)) : "-";
    const [simd, plain] = [await best(() => decode(data, { worker: false, simd: "on" })), await best(() => decode(data, { worker: false, simd: "off" }))];
    const { browser, page } = await browserPage(server);
    await page.evaluate(async (url) => {
      globalThis.nntc = await import("/installed/node_modules/nntc-web/dist/index.js");
      globalThis.data = await (await fetch(url)).arrayBuffer();
      await globalThis.nntc.decode(globalThis.data, { worker: false });
    }, `/${basename(file)}`);
    const turn = () => page.evaluate(async () => void (await globalThis.nntc.decode(globalThis.data, { worker: false })));
    const inPage = await best(turn, async () => 1000 * (await renderers(browser)).reduce((sum, one) => sum + one.cpuTime, 0));
    await browser.close();
    await server.close();
    const transfer = (rate) => ms((data.length * 8) / (rate * 1000));
    row([basename(file), data.length.toLocaleString("en"), model.length.toLocaleString("en"), native, ms(simd), ms(plain), ms(inPage), transfer(10), transfer(100)]);
  }
}

const SESSIONS = ["small", "plain", "nntc"], SMALL = join(here, "..", "nntc", "demo");

/** A session in a process of its own, which prints its peak. */
async function child(kind, [model, small]) {
  const ort = await load("node_modules/onnxruntime-web/dist/ort.node.min.mjs"), { createSession } = await load("node_modules/nntc-web/dist/node.js");
  const { serve } = await load("server.mjs"), server = await serve({ small: SMALL, "": dirname(resolve(model)) });
  ort.env.wasm.numThreads = 1;
  if (kind === "plain") await ort.InferenceSession.create(new Uint8Array(await (await fetch(`${server.url}/${basename(model)}`)).arrayBuffer()));
  if (kind === "small") await createSession(ort, `${server.url}/small/digits.nntc`);
  if (kind === "nntc") await createSession(ort, `${server.url}/${basename(small)}`);
  console.log(peak(process.pid));
  process.exit(0);
}

async function memory(paths) {
  const { serve } = await load("server.mjs"), size = statSync(paths[0]).size, found = { Node: {}, Chromium: {} };
  for (const kind of SESSIONS) {
    const words = [fileURLToPath(import.meta.url), "--child", kind, ...paths.flatMap((path) => ["--session", path])];
    found.Node[kind] = Number(execFileSync(process.execPath, words, { encoding: "utf8" }));
    const server = await serve({ installed: place, small: SMALL, "": dirname(resolve(paths[0])) }), { browser, page } = await browserPage(server);
    await page.evaluate(
      async ([kind, model, small]) => {
        const ort = await import("/installed/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");
        const { createSession } = await import("/installed/node_modules/nntc-web/dist/index.js");
        ort.env.wasm.numThreads = 1;
        if (kind === "plain") globalThis.kept = await ort.InferenceSession.create(new Uint8Array(await (await fetch(`/${model}`)).arrayBuffer()));
        if (kind === "small") globalThis.kept = await createSession(ort, "/small/digits.nntc");
        if (kind === "nntc") globalThis.kept = await createSession(ort, `/${small}`);
      },
      [kind, ...paths.map((path) => basename(path))],
    );
    found.Chromium[kind] = Math.max(...(await renderers(browser)).map((one) => peak(one.id)));
    await browser.close();
    await server.close();
  }
  row(["session of", "in", "of a small network", "plain, MB more", "times the model", "createSession, MB more", "times the model"]);
  row(["---", "---", ...Array(5).fill("--:")]);
  for (const [place, { small, plain, nntc }] of Object.entries(found)) {
    const more = (bytes) => [((bytes - small) / 1e6).toFixed(0), ((bytes - small) / size).toFixed(2)];
    row([basename(paths[0]), place, `${(small / 1e6).toFixed(0)} MB`, ...more(plain), ...more(nntc)]);
  }
}

if (values.child) await child(values.child, values.session);
if (positionals.length > 0) await speed(positionals);
if (values.session) await memory(values.session);

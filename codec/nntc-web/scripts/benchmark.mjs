// Measures decoding in Node and in Chromium, and the memory of sessions:
//
//     node scripts/benchmark.mjs [--native NNTC-C] [--session MODEL.onnx MODEL.nntc] FILE.nntc...
//
// It runs what scripts/test.mjs has installed (npm test). Times are the best of five, files are in memory. Memory is the peak of
// the process that holds the session (VmHWM of Node, or of Chromium's renderer), less that of one without any.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(dirname(fileURLToPath(import.meta.url))), place = join(here, "build", "installed");
const { values, positionals } = parseArgs({ allowPositionals: true, options: { native: { type: "string" }, session: { type: "string", multiple: true }, child: { type: "string" } } });
const load = (path) => import(pathToFileURL(join(place, path)).href);
const RUNS = 5;

async function best(work) {
  let least = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const begun = performance.now();
    await work();
    least = Math.min(least, performance.now() - begun);
  }
  return least;
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

async function renderer(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return Math.max(...processInfo.filter((one) => one.type === "renderer").map((one) => peak(one.id)));
}

async function speed(files) {
  const { serve } = await load("server.mjs"), { decode } = await load("node_modules/nntc-web/dist/node.js");
  row(["file", "bytes", "decoded", "native", "Node, SIMD", "Node, plain", "Chromium", "at 10 Mbit/s", "at 100 Mbit/s"]);
  row(["---", ...Array(8).fill("--:")]);
  for (const file of files) {
    const data = new Uint8Array(await readFile(file)), server = await serve({ installed: place, "": dirname(resolve(file)) });
    const { model } = await decode(data, { worker: false });
    const native = values.native ? ms(await best(() => execFileSync(values.native, ["verify", file]))) : "-";
    const [simd, plain] = [await best(() => decode(data, { worker: false, simd: "on" })), await best(() => decode(data, { worker: false, simd: "off" }))];
    const { browser, page } = await browserPage(server);
    const inPage = await page.evaluate(
      async ([url, runs]) => {
        const { decode } = await import("/installed/node_modules/nntc-web/dist/index.js");
        const data = await (await fetch(url)).arrayBuffer();
        let least = Infinity;
        for (let i = 0; i < runs; i++) {
          const begun = performance.now();
          await decode(data, { worker: false });
          least = Math.min(least, performance.now() - begun);
        }
        return least;
      },
      [`/${basename(file)}`, RUNS],
    );
    await browser.close();
    await server.close();
    const transfer = (rate) => ms((data.length * 8) / (rate * 1000));
    row([basename(file), data.length.toLocaleString("en"), model.length.toLocaleString("en"), native, ms(simd), ms(plain), ms(inPage), transfer(10), transfer(100)]);
  }
}

const SESSIONS = ["none", "plain", "nntc"];

/** A session in a process of its own, which prints its peak. */
async function child(kind, [model, small]) {
  const ort = await load("node_modules/onnxruntime-web/dist/ort.node.min.mjs"), { createSession } = await load("node_modules/nntc-web/dist/node.js");
  const { serve } = await load("server.mjs"), server = await serve({ "": dirname(resolve(model)) });
  ort.env.wasm.numThreads = 1;
  if (kind === "plain") await ort.InferenceSession.create(new Uint8Array(await (await fetch(`${server.url}/${basename(model)}`)).arrayBuffer()));
  if (kind === "nntc") await createSession(ort, `${server.url}/${basename(small)}`);
  console.log(peak(process.pid));
  process.exit(0);
}

async function memory(paths) {
  const { serve } = await load("server.mjs"), size = statSync(paths[0]).size, found = { Node: {}, Chromium: {} };
  for (const kind of SESSIONS) {
    const words = [fileURLToPath(import.meta.url), "--child", kind, ...paths.flatMap((path) => ["--session", path])];
    found.Node[kind] = Number(execFileSync(process.execPath, words, { encoding: "utf8" }));
    const server = await serve({ installed: place, "": dirname(resolve(paths[0])) }), { browser, page } = await browserPage(server);
    await page.evaluate(
      async ([kind, model, small]) => {
        const ort = await import("/installed/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");
        const { createSession } = await import("/installed/node_modules/nntc-web/dist/index.js");
        ort.env.wasm.numThreads = 1;
        if (kind === "plain") globalThis.kept = await ort.InferenceSession.create(new Uint8Array(await (await fetch(`/${model}`)).arrayBuffer()));
        if (kind === "nntc") globalThis.kept = await createSession(ort, `/${small}`);
      },
      [kind, ...paths.map((path) => basename(path))],
    );
    found.Chromium[kind] = await renderer(browser);
    await browser.close();
    await server.close();
  }
  row(["session of", "in", "without a session", "plain, MB more", "times the model", "createSession, MB more", "times the model"]);
  row(["---", "---", ...Array(5).fill("--:")]);
  for (const [place, { none, plain, nntc }] of Object.entries(found)) {
    const more = (bytes) => [((bytes - none) / 1e6).toFixed(0), ((bytes - none) / size).toFixed(2)];
    row([basename(paths[0]), place, `${(none / 1e6).toFixed(0)} MB`, ...more(plain), ...more(nntc)]);
  }
}

if (values.child) await child(values.child, values.session);
if (positionals.length > 0) await speed(positionals);
if (values.session) await memory(values.session);

// A web server that does what servers and connections do wrong.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: blob:";

/** Ways of a server with a file at /WAY/anything; each is called with the request and its number, from 1 on. */
const WAYS = {
  good: (file, request, response) => ranged(file, request, response),
  /** Only every so many bytes come, then the connection breaks. */
  cut: (file, request, response) => ranged(file, request, response, { most: 300_000 }),
  /** The same from a server that has no ranges. */
  "cut-no-ranges": (file, request, response, turn) => whole(file, response, { most: turn < 4 ? turn * 300_000 : file.length }),
  /** As another origin that shows no headers. */
  hidden: (file, request, response) => ranged(file, request, response, { shows: false, most: request.method === "HEAD" ? Infinity : 400_000 }),
  /** Weak tags, as of servers that compress. */
  "cut-weak": (file, request, response) => ranged(file, request, response, { most: 400_000, tag: `W/${tag(file)}` }),
  "cut-once-replaced": (file, request, response, turn) =>
    turn === 1 ? ranged(file, request, response, { most: 30_000 }) : ranged(Buffer.concat([file, Buffer.from("x")]), request, response),
  "cut-replaced-silently": (file, request, response, turn) => {
    const other = Buffer.from(file);
    if (turn > 1) other[other.length >> 1] ^= 1;
    whole(other, response, { most: turn === 1 ? 30_000 : other.length, tag: null });
  },
  "wrong-range": (file, request, response, turn) => {
    if (turn === 1) return ranged(file, request, response, { most: 30_000 });
    response.writeHead(206, { "content-range": `bytes 5-${file.length - 1}/${file.length}`, etag: tag(file) });
    response.end(file.subarray(5));
  },
  gzip: (file, request, response) => {
    if (request.headers.range) return ranged(file, request, response);
    response.writeHead(200, { "content-encoding": "gzip", etag: tag(file) });
    response.end(gzipSync(file));
  },
  "gzip-cut": (file, request, response, turn) => {
    if (request.headers.range) return ranged(file, request, response);
    const packed = gzipSync(file);
    response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length, etag: tag(file) });
    response.write(packed.subarray(0, turn === 1 ? packed.length >> 1 : packed.length));
    setTimeout(() => (turn === 1 ? response.destroy() : response.end()), 50);
  },
  html: (file, request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!DOCTYPE html>\n<title>Not here</title>");
  },
  missing: (file, request, response) => response.writeHead(404).end("no"),
  busy: (file, request, response, turn) => (turn < 3 ? response.writeHead(503).end("later") : whole(file, response)),
  broken: (file, request, response) => response.writeHead(500).end("no"),
  stalls: (file, request, response, turn) => (turn === 1 ? whole(file, response, { most: 30_000, stall: true }) : ranged(file, request, response)),
  /** Chunks without a length in front. */
  "no-length": (file, request, response) => {
    response.writeHead(200);
    for (let at = 0; at < file.length; at += 5000) response.write(file.subarray(at, at + 5000));
    response.end();
  },
  short: (file, request, response) => ranged(file.subarray(0, file.length - 5000), request, response),
  long: (file, request, response) => whole(Buffer.concat([file, Buffer.from("x")]), response),
  empty: (file, request, response) => response.writeHead(200).end(),
  slow: (file, request, response) => {
    response.writeHead(200);
    response.write(file.subarray(0, 30_000));
    response.on("close", () => response.end());
  },
};

const tag = (file) => `"${createHash("sha256").update(file).digest("hex").slice(0, 16)}"`;

function send(response, data, { most, stall }) {
  if (most >= data.length) return response.end(data);
  response.write(data.subarray(0, most));
  if (!stall) setTimeout(() => response.destroy(), 50);
}

function whole(file, response, { most = Infinity, stall = false, tag: own } = {}) {
  response.writeHead(200, { "content-length": file.length, ...(own === null ? {} : { etag: own ?? tag(file) }) });
  send(response, file, { most, stall });
}

function ranged(file, request, response, { most = Infinity, tag: own, shows = true } = {}) {
  const found = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? ""), current = own ?? tag(file);
  const since = request.headers["if-range"];
  if (!found || (since && since !== current)) return whole(file, response, { most, tag: current });
  const begin = Number(found[1]), end = found[2] ? Math.min(Number(found[2]) + 1, file.length) : file.length;
  if (begin >= file.length) return response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
  response.writeHead(206, {
    "content-length": end - begin,
    ...(shows ? { "content-range": `bytes ${begin}-${end - 1}/${file.length}`, etag: current } : {}),
  });
  send(response, file.subarray(begin, end), { most });
}

/** Serves folders by prefix, and a file in all ways. Gives the address, how often each way was asked, and close. */
export async function serve(folders, file) {
  const asked = {}, ranges = {};
  const server = createServer(async (request, response) => {
    const [, first, ...rest] = decodeURIComponent(new URL(request.url, "http://x").pathname).split("/");
    if (file && WAYS[first]) {
      const name = `${first}/${rest.join("/")}`;
      asked[name] = (asked[name] ?? 0) + 1;
      (ranges[name] ??= []).push(request.headers.range ?? "");
      return WAYS[first](file, request, response, asked[name]);
    }
    const [folder, path] = folders[first] ? [folders[first], rest.join("/")] : [folders[""], [first, ...rest].join("/")];
    try {
      const data = await readFile(join(folder, normalize(`/${path || "index.html"}`)));
      const headers = { "content-type": TYPES[extname(path)] ?? (path ? "application/octet-stream" : "text/html"), "content-security-policy": CSP };
      response.writeHead(200, headers).end(data);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url, asked, ranges, close };
}

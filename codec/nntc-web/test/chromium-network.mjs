// What becomes of a file that a server or a connection fails with.
export default async function run({ decode }) {
  const found = {};
  for (const way of ["good", "cut", "cut-no-ranges", "gzip", "gzip-cut", "no-length", "busy", "html", "missing", "short", "long", "cut-once-replaced"])
    found[way] = await decode(`/${way}/chromium.nntc`).then(
      ({ model }) => String(model.length),
      (error) => error.id ?? String(error),
    );
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  found.abort = await decode("/slow/chromium.nntc", { signal: stop.signal }).then(() => "done", (error) => error.name);
  return found;
}

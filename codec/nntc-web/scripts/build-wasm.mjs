// Compiles libnntc and the decoder of zstd to dist/nntc.wasm and dist/nntc-simd.wasm.
//
// It needs clang and wasm-ld of LLVM 14 or later (Debian: clang lld; CLANG names another). zstd's own sources come from
// where zstd.mjs says.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { zstd } from "./zstd.mjs";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(here, "..", "libnntc");
const BUILDS = {
  "nntc.wasm": ["-mno-bulk-memory"],
  "nntc-simd.wasm": ["-msimd128", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext"],
};
// Where the time goes; all else is made small. A third of it is SHA-256, which is a third faster with eight rounds in a row.
const HOT = /\/(a_basis|c03_syntax|c08_rans|c09_(exact|integers|rans|section|store|tokens|transform|uniform))\.c$/;
const LEVELS = [
  [["-O3"], (path) => HOT.test(path)],
  [["-O3", "-mllvm", "-unroll-count=8"], (path) => path.endsWith("/sha256.c")],
  [["-Oz"], (path) => !HOT.test(path) && !path.endsWith("/sha256.c")],
];
const MOST = 60 * 1024; // bytes of a build, gzipped

function sources(...folder) {
  const path = join(library, ...folder);
  return readdirSync(path).filter((name) => name.endsWith(".c")).sort().map((name) => join(path, name));
}

function compile(output, features) {
  const clang = process.env.CLANG ?? "clang";
  const objects = join(here, "build", output);
  rmSync(objects, { recursive: true, force: true });
  mkdirSync(objects, { recursive: true });
  const common = [
    "--target=wasm32", "-nostdlib", "-fvisibility=hidden", "-ffp-contract=off", "-c",
    ...features, `-I${join(here, "wasm", "libc")}`, `-I${join(library, "include")}`, `-I${join(library, "src")}`,
  ];
  const strict = ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror"];
  const own = ["runtime.c", "bzip2.c", "module.c"].map((name) => join(here, "wasm", name));
  const all = [...sources("src"), ...sources("kernels")];
  for (const [level, chosen] of LEVELS)
    execFileSync(clang, [...common, ...strict, ...level, "-DNNTC_PORTABLE", ...all.filter(chosen)], { cwd: objects, stdio: "inherit" });
  execFileSync(clang, [...common, ...strict, "-O2", "-fno-builtin", ...own], { cwd: objects, stdio: "inherit" });
  execFileSync(clang, [...common, "-w", "-Oz", `-I${zstd()}`, `-I${join(library, "coders")}`, join(here, "wasm", "zstd.c")], { cwd: objects, stdio: "inherit" });
  const made = readdirSync(objects).filter((name) => name.endsWith(".o"));
  execFileSync(clang, [
    "--target=wasm32", "-nostdlib", "-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,--strip-all", "-Wl,-z,stack-size=131072",
    "-Wl,--stack-first", "-o", join(here, "dist", output), ...made,
  ], { cwd: objects, stdio: "inherit" });
}

mkdirSync(join(here, "dist"), { recursive: true });
for (const [output, features] of Object.entries(BUILDS)) {
  compile(output, features);
  const path = join(here, "dist", output);
  const gzipped = gzipSync(readFileSync(path), { level: 9 }).length;
  console.log(`${output}: ${statSync(path).size} bytes, ${gzipped} gzipped`);
  if (gzipped > MOST) throw new Error(`${output} has more than ${MOST} bytes gzipped`);
}

// Compiles libnntc and the decoder of zstd to dist/nntc.wasm and dist/nntc-simd.wasm.
//
// It needs clang and wasm-ld of LLVM 14 or later (Debian: clang lld; CLANG names another). zstd's own sources come from
// the package zstd-napi, which carries them; ZSTD names a folder that has them already (lib of zstd 1.5).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(here, "..", "libnntc");
const SOURCE = {
  package: "zstd-napi@0.0.13",
  file: "zstd-napi-0.0.13.tgz",
  sha256: "5b76defc67c808989c5f3920e14f662d6318b84b8d53ac3e94b99463d8d65e76",
};
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

function zstd() {
  if (process.env.ZSTD) return process.env.ZSTD;
  const folder = join(here, "build", "zstd");
  if (existsSync(folder)) return folder;
  const build = join(here, "build");
  mkdirSync(build, { recursive: true });
  execFileSync("npm", ["pack", SOURCE.package, "--silent", "--ignore-scripts", "--pack-destination", build], { cwd: build });
  const archive = join(build, SOURCE.file);
  const found = createHash("sha256").update(readFileSync(archive)).digest("hex");
  if (found !== SOURCE.sha256) throw new Error(`${SOURCE.file} is not the one that was expected: SHA-256 ${found}`);
  execFileSync("tar", ["xzf", SOURCE.file, "package/deps/zstd/lib", "package/deps/zstd/LICENSE"], { cwd: build });
  renameSync(join(build, "package", "deps", "zstd", "lib"), folder);
  renameSync(join(build, "package", "deps", "zstd", "LICENSE"), join(build, "zstd.LICENSE"));
  rmSync(join(build, "package"), { recursive: true });
  return folder;
}

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
  execFileSync(clang, [...common, "-w", "-Oz", `-I${zstd()}`, join(here, "wasm", "zstd.c")], { cwd: objects, stdio: "inherit" });
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

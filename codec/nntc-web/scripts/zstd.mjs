// Where the sources of zstd are: the folder that ZSTD names (lib of zstd 1.5), else build/zstd, fetched once from the package
// zstd-napi, which carries them. `node scripts/zstd.mjs` says where.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const build = join(dirname(dirname(fileURLToPath(import.meta.url))), "build");
const SOURCE = {
  package: "zstd-napi@0.0.13",
  file: "zstd-napi-0.0.13.tgz",
  sha256: "5b76defc67c808989c5f3920e14f662d6318b84b8d53ac3e94b99463d8d65e76",
};

// Another process may do the same at the same time: all that counts is made aside, and put in place by a rename.
function put(from, to) {
  try {
    renameSync(from, to);
  } catch (e) {
    if (!existsSync(to)) throw e;
  }
}

export function zstd() {
  if (process.env.ZSTD) return process.env.ZSTD;
  const folder = join(build, "zstd");
  if (existsSync(folder)) return folder;
  mkdirSync(build, { recursive: true });
  const aside = mkdtempSync(join(build, "fetching-"));
  execFileSync("npm", ["pack", SOURCE.package, "--silent", "--ignore-scripts", "--pack-destination", aside], {
    cwd: aside,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const archive = join(aside, SOURCE.file);
  const found = createHash("sha256").update(readFileSync(archive)).digest("hex");
  if (found !== SOURCE.sha256) throw new Error(`${SOURCE.file} is not the one that was expected: SHA-256 ${found}`);
  execFileSync("tar", ["xzf", SOURCE.file, "package/deps/zstd/lib", "package/deps/zstd/LICENSE"], { cwd: aside });
  put(join(aside, "package", "deps", "zstd", "LICENSE"), join(build, "zstd.LICENSE"));
  put(join(aside, "package", "deps", "zstd", "lib"), folder);
  rmSync(aside, { recursive: true });
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(zstd());

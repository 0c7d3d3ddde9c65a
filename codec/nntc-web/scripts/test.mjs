// Packs the package, installs it in a folder of its own beside the tests, and runs them there: node scripts/test.mjs [FILE...]
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const place = join(here, "build", "installed"), modules = join(place, "node_modules");
rmSync(place, { recursive: true, force: true });
mkdirSync(modules, { recursive: true });
execFileSync("npm", ["pack", "--silent", "--pack-destination", place], { cwd: here });
const packed = readdirSync(place).find((name) => name.endsWith(".tgz"));
execFileSync("tar", ["xzf", packed], { cwd: place });
cpSync(join(place, "package"), join(modules, "nntc-web"), { recursive: true });
rmSync(join(place, "package"), { recursive: true });
for (const name of ["playwright-core", "onnxruntime-web", "onnxruntime-common", "typescript", "vite"])
  symlinkSync(join(here, "node_modules", name), join(modules, name));
cpSync(join(here, "test"), place, { recursive: true });

const asked = process.argv.slice(2);
const files = readdirSync(place).filter((name) => name.endsWith(".test.mjs") && (asked.length === 0 || asked.includes(name)));
const suite = process.env.NNTC_SUITE ?? join(here, "..", "..", "conformance");
const done = spawnSync(process.execPath, ["--test", "--test-concurrency=2", ...files], {
  cwd: place,
  stdio: "inherit",
  env: { ...process.env, NNTC_SUITE: suite, NNTC_ROOT: join(here, "..", "..") },
});
process.exit(done.status ?? 1);

// Puts the license, and that of zstd, into the folder that is packed.
import { copyFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
copyFileSync(join(here, "..", "..", "LICENSE"), join(here, "dist", "LICENSE"));
const zstd = join(here, "build", "zstd.LICENSE");
if (existsSync(zstd)) copyFileSync(zstd, join(here, "dist", "LICENSE.zstd"));

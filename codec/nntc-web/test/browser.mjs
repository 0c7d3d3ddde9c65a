// Headless Chromium with an empty page of the test server.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Where Chromium is; in continuous integration it must be somewhere. */
export function executable() {
  const found = PLACES.find((path) => path && existsSync(path));
  if (!found && process.env.CI) throw new Error("no Chromium (Debian: chromium)");
  return found;
}

export async function launch() {
  return chromium.launch({ executablePath: executable(), args: FLAGS });
}

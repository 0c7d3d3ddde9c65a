"""The npm package is built, packed and passes its own tests, in Node and in Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from tests.libnntc.building import ROOT, missing

PACKAGE = ROOT / "codec" / "nntc-web"
NEEDED = {"npm": "nodejs and npm", "clang": "clang", "wasm-ld": "lld", "tar": "tar"}


def run(*words: str, seconds: int = 600) -> str:
    """What a command prints; it must succeed."""
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        list(words),
        cwd=PACKAGE,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-5000:]
    return done.stdout


def install() -> None:
    """Take the dependencies that the lock names, unless they are there; skips where there are no tools."""
    for command, packages in NEEDED.items():
        if shutil.which(command) is None:
            missing(f"no {command} (Debian: {packages})")
    lock, installed = PACKAGE / "package-lock.json", PACKAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund")


def test_the_package_is_built_passes_its_own_tests_and_has_nothing_else_in_it() -> None:
    install()
    run("npm", "run", "build")
    run("npm", "run", "demo")
    assert "\n# fail 0\n" in run("npm", "test", seconds=900)
    listed = json.loads(run("npm", "pack", "--dry-run", "--json"))
    (packed,) = listed.values() if isinstance(listed, dict) else listed
    names = {file["path"] for file in packed["files"]}
    assert {
        "dist/index.js",
        "dist/index.d.ts",
        "dist/node.js",
        "dist/nntc.wasm",
        "dist/nntc-simd.wasm",
    } <= names
    assert {"dist/LICENSE", "dist/LICENSE.zstd", "README.md"} <= names
    assert all(name.startswith("dist/") or name in {"package.json", "README.md"} for name in names)
    assert "dependencies" not in json.loads((PACKAGE / "package.json").read_text("utf-8"))


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((PACKAGE / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)

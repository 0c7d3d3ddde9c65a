"""Builds libnntc and its command with a C compiler of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "codec" / "libnntc"
PROGRAMS = Path(__file__).parent / "c"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
STRICT = ("-std=c11", *WARNINGS, "-ffp-contract=off")
CODERS = ("-DNNTC_WITH_ZSTD", "-DNNTC_WITH_BZIP2", "-DNNTC_WITH_SODIUM")
LINKED = ("-lzstd", "-lbz2", "-lsodium")


def missing(what: str) -> NoReturn:
    """Skips the test; fails it in continuous integration, where all is installed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def compiler() -> str:
    """The C compiler of the system; skips the test where there is none."""
    found = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    return found or missing("no C compiler")


def compiles(text: str, *options: str, command: str | None = None) -> bool:
    """Whether a program compiles and links: what the system has is found out so."""
    command = compiler() if command is None else shutil.which(command)
    if command is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text(text, "utf-8")
        line = [command, str(source), "-o", str(source.with_suffix("")), *options]
        return subprocess.run(line, capture_output=True, check=False).returncode == 0


def require_coders() -> None:
    """Skips the test where libzstd, libbz2 or libsodium cannot be compiled against."""
    headers = "#include <bzlib.h>\n#include <sodium.h>\n#include <stddef.h>\n#include <zstd.h>\n"
    if not compiles(f"{headers}int main(void) {{ return 0; }}", *LINKED):
        missing("no headers of three libraries (Debian: libzstd-dev, libbz2-dev, libsodium-dev)")


def build(sources: list[Path], output: Path, *options: str) -> Path:
    """Compile and link; any warning fails the test."""
    command = [compiler(), *STRICT, f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}", *map(str, sources)]
    done = subprocess.run(
        [*command, "-o", str(output), *options], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return output


def core() -> list[Path]:
    """Sources of the core, in the order of SPEC.md's clauses."""
    return [path for part in ("src", "kernels") for path in sorted((LIBRARY / part).glob("*.c"))]


def around() -> list[Path]:
    """Sources of what is around it: POSIX, and the command."""
    return [*sorted((LIBRARY / "posix").glob("*.c")), LIBRARY / "cli" / "nntc.c"]


def amalgamate(output: Path) -> Path:
    """The core as one file."""
    script = LIBRARY / "scripts" / "amalgamate.py"
    subprocess.run([sys.executable, str(script), str(output)], check=True, timeout=60)
    return output

"""The C decoder under libFuzzer: how it is built, run, and what lines a corpus reaches."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "codec" / "libnntc"
INCLUDES = (f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}")
CODERS = ("-DNNTC_WITH_ZSTD", "-DNNTC_WITH_BZIP2")
LINKED = ("-lzstd", "-lbz2")
PLAIN = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-DNNTC_FUZZING")
SANITIZED = ("-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
MEMORY = ("-O1", "-g", "-fsanitize=fuzzer,memory", "-fno-sanitize-recover=all", "-DNNTC_PORTABLE")
"""Without zstd and bzip2, which would have to be instrumented too: only tensors are decoded. MemorySanitizer
does not see that vector instructions leave masked lanes out, so kernels are left out too."""
COVERED = ("-O1", "-fsanitize=fuzzer", "-fprofile-instr-generate", "-fcoverage-mapping")


def core() -> list[str]:
    """Return the sources of the library's core."""
    return [str(path) for part in ("src", "kernels") for path in sorted((LIBRARY / part).glob("*.c"))]


def build(target: Path, *options: str) -> Path:
    """Compile the library and libFuzzer's entry with clang."""
    coders, linked = ((), ()) if options == MEMORY else (CODERS, LINKED)
    command = ["clang", *PLAIN, *options, *coders, *INCLUDES, *core(), str(HERE / "libnntc.c"), *linked]
    subprocess.run([*command, "-o", str(target)], check=True)
    return target


def run(flags: list[str], options: tuple[str, ...] = SANITIZED) -> int:
    """Fuzz with sanitizers; return libFuzzer's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        command = build(Path(folder) / "fuzz", *options)
        return subprocess.run([str(command), *flags], check=False).returncode


def coverage(corpus: Path) -> int:
    """Print lines and branches of the core that a corpus reaches."""
    cover, merge = (
        shutil.which(name) or shutil.which(f"{name}-14") for name in ("llvm-cov", "llvm-profdata")
    )
    if cover is None or merge is None:
        raise SystemExit("llvm-cov and llvm-profdata are not installed (Debian: llvm)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = build(folder / "fuzz", *COVERED)
        raw, data = folder / "raw", folder / "data"
        subprocess.run(
            [str(command), "-runs=0", str(corpus)], check=True, env={"LLVM_PROFILE_FILE": str(raw)},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        subprocess.run([merge, "merge", "-o", str(data), str(raw)], check=True)
        report = [cover, "report", str(command), f"-instr-profile={data}", *core()]
        return subprocess.run(report, check=False).returncode

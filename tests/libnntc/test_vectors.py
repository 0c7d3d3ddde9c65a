"""libnntc decodes every vector as the manifest says, and compiles without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .building import CODERS, LINKED, ROOT, amalgamate, around, build, compiles, core, missing, require_coders

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def run_vectors(command: Path, *options: str) -> subprocess.CompletedProcess[str]:
    decode = f"{command} decode --base={{base}}"
    return subprocess.run(
        [
            *(
                sys.executable,
                str(ROOT / "conformance" / "run.py"),
                "--require-errors",
                "--jobs",
                "2",
                "--slow",
                "20",
            ),
            *("--decoder", f"{decode} {{input}} {{output}}"),
            *("--memory-limited", f"{decode} --max-memory {{limit}} {{input}} {{output}}"),
            *("--output-limited", f"{decode} --max-output {{limit}} {{input}} {{output}}"),
            *("--keyed", f"{decode} --require-key={{key}} --threshold {{threshold}} {{input}} {{output}}"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_every_vector_gives_the_verdict_the_error_and_the_bytes_of_the_manifest(tmp_path: Path) -> None:
    require_coders()
    command = build([*core(), *around()], tmp_path / "nntc-c", "-O2", *CODERS, *LINKED)
    done = run_vectors(command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_file_has_the_whole_core_and_needs_neither_zstd_nor_bzip2_to_compile(tmp_path: Path) -> None:
    build([amalgamate(tmp_path / "libnntc.c")], tmp_path / "libnntc.o", "-O1", "-c")


def test_no_malformed_vector_is_undefined_behaviour(tmp_path: Path) -> None:
    require_coders()
    if not compiles("int main(void) { return 0; }", *SANITIZED):
        missing("compiler has no AddressSanitizer")
    command = build([*core(), *around()], tmp_path / "nntc-c", *SANITIZED, *CODERS, *LINKED)
    done = run_vectors(command, "--class", "malformed", "--memory", "16G")
    assert done.returncode == 0, done.stdout + done.stderr

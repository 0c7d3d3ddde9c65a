"""Kernels of libnntc for particular processors: they give the same as its portable code."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from pathlib import Path
from random import Random

import pytest

from .building import CODERS, LINKED, PROGRAMS, around, build, core, require_coders
from .test_vectors import run_vectors


@pytest.mark.parametrize("options", [[], ["-DNNTC_PORTABLE"], ["-DNNTC_SMALL"]], ids="-".join)
def test_digests_and_checksums_of_any_length_are_right(tmp_path: Path, options: list[str]) -> None:
    rng = Random(0)
    files = {}
    for length in [*range(130), 4095, 8191, 8192, 8193, 9001, 65535]:
        path = tmp_path / str(length)
        path.write_bytes(rng.randbytes(length))
        files[path] = f"{zlib.crc32(path.read_bytes()):08x} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    command = build([*core(), PROGRAMS / "kernels.c"], tmp_path / "kernels", "-O2", *options)
    done = subprocess.run([command, *files], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(files.values())


@pytest.mark.parametrize("option", ["-DNNTC_PORTABLE", "-DNNTC_SMALL"])
def test_every_valid_vector_gives_the_same_bytes_without_kernels(tmp_path: Path, option: str) -> None:
    require_coders()
    command = build([*core(), *around()], tmp_path / "nntc-c", "-O2", option, *CODERS, *LINKED)
    done = run_vectors(command, "--class", "valid")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_thread_was_set_to_changes_nothing(tmp_path: Path) -> None:
    """A program may round upward and take subnormal numbers for zero: every valid vector still decodes."""
    require_coders()
    sources = [*core(), *around(), PROGRAMS / "other_arithmetic.c"]
    command = build(sources, tmp_path / "nntc-c", "-O2", *CODERS, *LINKED, "-lm")
    done = run_vectors(command, "--class", "valid")
    assert done.returncode == 0, done.stdout + done.stderr

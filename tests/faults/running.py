"""Runs commands under faults: builds what makes calls fail, and reads what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.libnntc.building import compiler

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = ".nntc-"


@dataclass(frozen=True)
class Run:
    """A run that was stopped at one call.

    Parameters
    ----------
    code
        Its exit code, negative for a signal.
    errors
        What it wrote on standard error.
    after
        Files that it left, name -> digest.
    later
        Files after the next run, where it failed and left other files than were there before, or something
        hidden; else `after`.
    whole
        Files after a run that nothing stops.
    """

    code: int
    errors: str
    after: dict[str, str]
    later: dict[str, str]
    whole: dict[str, str]

    def state(self, *names: str) -> tuple[str | None, ...]:
        """Digests of files, None for those that are not there."""
        return tuple(self.after.get(name) for name in names)

    @property
    def left(self) -> list[str]:
        """Hidden files and folders that were left."""
        return [name for name in self.after if HIDDEN in name]


def built(folder: Path) -> Path:
    """Build what makes calls fail; skips the test where that cannot be."""
    if not sys.platform.startswith("linux"):
        pytest.skip("calls of the system have other names here")
    library = folder / "fault.so"
    source = Path(__file__).with_name("fault.c")
    options = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    done = subprocess.run(
        [compiler(), *options, str(source), "-o", str(library), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return library


def stopped(folder: Path, how: str, *words: str, every: int = 1, again: bool = True) -> list[Run]:
    """Run a command, stopped at each of its calls in turn; `folder` holds `before`, what it finds.

    With `again` it succeeds after any run that left something.
    """
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(built(folder)),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "codec")]),
        "OPENBLAS_NUM_THREADS": "1",
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, "-m", "tests.faults", str(folder), how, str(every), *words]
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert run.returncode == 0, run.stderr
    return list(_runs(run.stdout, again=again))


def _runs(text: str, *, again: bool) -> Iterator[Run]:
    said = json.loads(text)
    for found in said["runs"]:
        assert not again or found.get("later_code", 0) == 0, found
        later = found.get("later", found["after"])
        yield Run(found["code"], found["errors"], found["after"], later, said["whole"])

"""Native kernels of the checkout, built in place for the tests where there is a C compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from nntc.kernels.choice import is_built, using

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "codec" / "nntc" / "kernels" / "native"
LEVELS = range(4)
"""Of what is written for particular processors: none, AVX2, AVX-512, all."""
Result = TypeVar("Result")


def build_in_place() -> None:
    """Build them if a source is newer, or none are there; leave them out where that fails."""
    built = [path.stat().st_mtime for path in SOURCES.glob("_native*.so")]
    newest = max(path.stat().st_mtime for path in (*SOURCES.glob("*.[ch]"), ROOT / "setup.py"))
    if min(built, default=0) < newest:
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--force"]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600, check=False)


def require_native() -> None:
    """Skips the test where native kernels are not built; fails it in continuous integration."""
    if is_built():
        return
    if os.environ.get("CI"):
        pytest.fail("no native kernels (setuptools and a C compiler)")
    pytest.skip("no native kernels (setuptools and a C compiler)")


@contextmanager
def everywhere(name: str) -> Iterator[None]:
    """Let kernels run in this process and in those that it starts."""
    with pytest.MonkeyPatch.context() as patch, using(name):
        patch.setenv("NNTC_KERNELS", name)
        yield


def results(action: Callable[[], Result]) -> list[Result]:
    """What an action returns with all kernels: numpy, portable C, and C for all that this processor has."""
    require_native()
    from nntc.kernels.native import _native

    with using("numpy"):
        found = [action()]
    with using("native"):
        for most in LEVELS:
            _native.use_up_to(most)
            found.append(action())
    return found

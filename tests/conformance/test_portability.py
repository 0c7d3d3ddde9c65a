"""Modules import on Windows: functions of Unix alone are looked up when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT / folder).with_suffix("").parts)
    for folder, pattern in (("codec", "nntc/conformance/*.py"), ("", "conformance/**/*.py"))
    for path in (ROOT / folder).glob(pattern)
    if path.name not in ("__main__.py", "__init__.py", "run.py") and "__main__" not in path.name
)
WINDOWS = """
import os, signal, sys
for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "posix_ipc"):
    sys.modules[name] = None
for name in [n for n in dir(os) if n.startswith("POSIX_SPAWN")]:
    delattr(os, name)
for name in ("wait4", "wait3", "fork", "killpg", "posix_spawn", "posix_spawnp", "getuid", "setsid"):
    delattr(os, name)
for name in ("SIGKILL", "SIGXFSZ", "SIGPIPE", "SIGALRM", "SIGPROF", "setitimer", "alarm"):
    delattr(signal, name)
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_all_modules_are_looked_at() -> None:
    assert {"nntc.conformance.launch", "nntc.conformance.process", "conformance.proof.mutation"} <= set(
        MODULES
    )


@pytest.mark.parametrize("package", ["nntc.conformance", "conformance"])
def test_conformance_can_be_imported_on_windows(package: str) -> None:
    names = [name for name in MODULES if name.startswith(f"{package}.")]
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, *names],
        env={"PYTHONPATH": f"{ROOT / 'codec'}:{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

"""Helpers that tests of the runner share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.conformance.vectors import CONFORMANCE

ROOT = CONFORMANCE.parent


PYTHON = sys.executable


BAD_CRC = "digest-of-tensor"


FEW = [word for name in ("empty", "external", "major-2", BAD_CRC, "section-count-0")
       for word in ("--run", name)]  # fmt: skip


Outcome = tuple[int, str]


Run = Callable[..., Outcome]


def python(folder: Path, body: str) -> str:
    """Return the command of a decoder written in Python; `source` and `target` are its arguments."""
    script = folder / "decoder.py"
    script.write_text(
        "import os, sys, time\nfrom pathlib import Path\n"
        f"source, target = Path(sys.argv[1]), Path(sys.argv[2])\n{body}\n"
    )
    return f"{PYTHON} {script} {{input}} {{output}}"

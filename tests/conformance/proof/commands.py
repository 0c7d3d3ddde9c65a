"""Proofs as commands."""

from __future__ import annotations

import subprocess
import sys

from tests.conformance.vectors import CONFORMANCE

ROOT = CONFORMANCE.parent


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)

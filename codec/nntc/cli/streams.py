"""Arguments that name a file, or with `-` a standard stream."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nntc.cli.arguments import output_file, source_file

STANDARD_INPUT = "-"


def source_or_stream(value: str) -> str | Path:
    """Return the URL or path of a file, or `STANDARD_INPUT`."""
    return value if value == STANDARD_INPUT else source_file(value)


def opened_source(source: str | Path) -> Any:
    """Return standard input where it is meant, else the source itself."""
    return sys.stdin.buffer if source == STANDARD_INPUT else source


def output_or_stream(value: str) -> Path | None:
    """Return the path of a file that may be written, None for standard output."""
    return None if value == "-" else output_file(value)

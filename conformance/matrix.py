"""Print which vectors, and which places of decoders, each requirement of SPEC.md has.

python -m conformance.matrix                      with conformance/reference_decoder, if it is there
python -m conformance.matrix --decoder FOLDER     with another decoder's source, any number of times
python -m conformance.matrix --short              numbers of vectors instead of their ids

A place is a line of source text that cites the requirement, as in a comment `R-012`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFORMANCE = Path(__file__).resolve().parent
SPEC = CONFORMANCE.parent / "SPEC.md"
MANIFEST = CONFORMANCE / "manifest.json"
REFERENCE_DECODER = CONFORMANCE / "reference_decoder"
BINARY = {".pyc", ".so", ".nntc"}


@dataclass
class Row:
    """What there is for one requirement.

    Parameters
    ----------
    vectors
        Ids of the vectors that name it.
    general
        How all vectors of some classes show it, or empty.
    undecidable
        Why no file can show it, or empty.
    places
        `file:line` in decoders.
    """

    requirement: str
    vectors: list[str] = field(default_factory=list)
    general: str = ""
    undecidable: str = ""
    places: list[str] = field(default_factory=list)

    @property
    def is_covered(self) -> bool:
        """Whether there is a vector, or a reason why there is none."""
        return bool(self.vectors or self.general or self.undecidable)


def requirements(text: str) -> list[str]:
    """Return the ids that a specification defines, in order of number."""
    return sorted(re.findall(r"\*\*\[(R-\d{3})\]\*\*", text))


def places(folder: Path) -> dict[str, list[str]]:
    """Return where the source files below a folder cite each requirement."""
    found: dict[str, list[str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in BINARY):
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            for requirement in sorted(set(re.findall(r"\bR-\d{3}\b", line))):
                found.setdefault(requirement, []).append(f"{path.relative_to(folder.parent)}:{number}")
    return found


def matrix(text: str, manifest: dict[str, Any], decoders: Iterable[Path] = ()) -> list[Row]:
    """Return a row for each requirement of a specification's text, and for each that only vectors name."""
    rows = {requirement: Row(requirement) for requirement in requirements(text)}
    for vector in manifest["vectors"]:
        for requirement in vector["requirements"]:
            rows.setdefault(requirement, Row(requirement)).vectors.append(vector["id"])
    for requirement, entry in manifest["general"].items():
        shown = f"{entry['how']} ({', '.join(entry['classes'])})"
        rows.setdefault(requirement, Row(requirement)).general = shown
    for requirement, reason in manifest["undecidable"].items():
        rows.setdefault(requirement, Row(requirement)).undecidable = reason
    for decoder in decoders:
        for requirement, found in places(decoder).items():
            rows.setdefault(requirement, Row(requirement)).places += found
    return [rows[requirement] for requirement in sorted(rows)]


def render(rows: Iterable[Row], *, short: bool = False) -> str:
    """Return rows as text."""
    out = []
    for row in rows:
        out.append(row.requirement)
        shown = f"{len(row.vectors)} vectors" if short else ", ".join(row.vectors)
        parts = {
            "vectors": shown if row.vectors else "",
            "all": row.general,
            "no vector": row.undecidable,
            "places": ", ".join(row.places),
        }
        for name, value in parts.items():
            if value:
                indent = " " * 13
                out.append(textwrap.fill(value, 110, initial_indent=f"  {name:11}", subsequent_indent=indent))
        if not row.is_covered:
            out.append("  nothing")
    return "\n".join(out) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Print the matrix; return 1 if a requirement has nothing."""
    parser = argparse.ArgumentParser(description="Requirements, vectors and places in decoders.")
    parser.add_argument("--decoder", type=Path, action="append", help="folder of a decoder's source")
    parser.add_argument("--short", action="store_true", help="numbers of vectors instead of ids")
    options = parser.parse_args(arguments)
    decoders = options.decoder or [REFERENCE_DECODER] * REFERENCE_DECODER.is_dir()
    rows = matrix(SPEC.read_text("utf-8"), json.loads(MANIFEST.read_text("utf-8")), decoders)
    sys.stdout.write(render(rows, short=options.short))
    return 0 if all(row.is_covered for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Write everything anew: `python -m conformance.generator [FOLDER]`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from conformance.generator.manifest import base_path, vector_path, write_manifest
from conformance.generator.vectors import make_suite

CONFORMANCE = Path(__file__).resolve().parents[1]


def write(folder: Path) -> int:
    """Write vectors and manifest into a folder, in place of those there; return the number of vectors."""
    suite = make_suite()
    shutil.rmtree(folder / "vectors", ignore_errors=True)
    for vector in suite:
        path = folder / vector_path(vector)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(vector.data)
        for base in vector.bases:
            path = folder / base_path(base)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base)
    (folder / "manifest.json").write_text(write_manifest(suite), "utf-8")
    return len(list(suite))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CONFORMANCE
    sys.stdout.write(f"{write(target)} vectors in {target}\n")

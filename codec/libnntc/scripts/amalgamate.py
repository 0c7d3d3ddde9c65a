"""Write the core of libnntc as one C file: ``python amalgamate.py OUTPUT.c``.

The file needs nntc.h beside it and nothing else; every function that nntc.h does not declare is static in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN = '#include "internal.h"\n'
BASIS = "const int16_t nntc_basis[1496]"


def amalgamated() -> str:
    """Return the text of the file: internal.h, then the clauses in order."""
    sources = [path.read_text("utf-8").replace(OWN, "") for path in sorted((ROOT / "src").glob("*.c"))]
    basis = next(text for text in sources if BASIS in text).replace(BASIS, f"static {BASIS}")
    header = (ROOT / "src" / "internal.h").read_text("utf-8").replace(f"extern {BASIS};", basis)
    head = "/* libnntc in one file, made by scripts/amalgamate.py. */\n#define NNTC_LOCAL static\n"
    return "\n".join([head, header, *(text for text in sources if BASIS not in text)])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(amalgamated(), "utf-8")

"""Write the core of libnntc as one C file: ``python amalgamate.py OUTPUT.c``.

The file needs nntc.h beside it and nothing else; every function that nntc.h does not declare is static in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADERS = (
    "internal.h",
    "decoding.h",
    "arithmetic.h",
    "../src/internal.h",
    "kernels.h",
    "../kernels/kernels.h",
)
OWN = tuple(f'#include "{name}"\n' for name in HEADERS)
TABLES = (
    "const int16_t nntc_basis[1496]",
    "const u32 nntc_sha256_constants[64]",
    "const u8 nntc_next[3][8][2]",
    "const u8 nntc_q[3][8]",
    "const u8 nntc_widths[16]",
)


def without_includes(path: Path) -> str:
    """Return the text of a file, which stands after the headers it includes."""
    text = path.read_text("utf-8")
    for line in OWN:
        text = text.replace(line, "")
    return text


def amalgamated() -> str:
    """Return the text of the file: headers, then the clauses in order, then kernels; tables are static."""
    files = [
        ROOT / "src" / "internal.h",
        ROOT / "src" / "decoding.h",
        ROOT / "src" / "arithmetic.h",
        ROOT / "kernels" / "kernels.h",
        *sorted((ROOT / "src").glob("*.c")),
        *sorted((ROOT / "kernels").glob("*.c")),
    ]
    text = "\n".join(map(without_includes, files))
    for table in TABLES:  # a static table is declared by its definition, so that comes first
        begin = text.index(f"{table} = {{")
        end = text.index("};\n", begin) + 3
        definition = f"static {text[begin:end]}"
        before, after = (text[:begin] + text[end:]).split(f"extern {table};", 1)
        text = before + definition + after
    return f"/* libnntc in one file, made by scripts/amalgamate.py. */\n#define NNTC_LOCAL static\n{text}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(amalgamated(), "utf-8")

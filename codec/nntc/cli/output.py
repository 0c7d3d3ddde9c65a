"""Output of commands: lines and JSON on standard output, notes on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TextIO

from nntc.cli.bar import Bar, progress
from nntc.cli.table import table_lines, terminal_width, wrap
from nntc.printable import encoding_of, printable, write

__all__ = [
    "Bar",
    "error_text",
    "json_text",
    "progress",
    "say",
    "shape_text",
    "show_json",
    "show_notes",
    "show_table",
]

_INDENT = 2  # of what goes on from the line above
_AT_ONCE = 256
"""Lines that are written at once."""
_NAMED = 3
"""Names that a note for many of a kind lists."""


def say(text: str = "", *, err: bool = False) -> None:
    """Write a line of prose.

    On standard output, and on a terminal, it is broken at spaces where it is too wide, and goes on indented.
    On a standard error that programs read, a line stays one.

    Parameters
    ----------
    text
        What it says; nothing in it reaches a terminal that is no visible character.
    err
        Write to standard error instead of standard output.
    """
    stream: TextIO = sys.stderr if err else sys.stdout
    text = printable(text, encoding_of(stream))
    lines = wrap(text, terminal_width(stream), _INDENT) if not err or stream.isatty() else [text]
    write(stream, "".join(f"{line}\n" for line in lines))


def show_json(value: dict[str, Any]) -> None:
    """Write one JSON object to standard output; numbers that JSON has not become null."""
    write(sys.stdout, json_text(value))


def json_text(value: dict[str, Any]) -> str:
    """Return one JSON object and the end of its line; numbers that JSON has not become null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Write a table to standard output, as wide as the terminal, or 80 columns in a file.

    Parameters
    ----------
    title
        What stands above it; may be empty.
    columns
        Headings.
    rows
        Cells.
    left
        How many columns are text, and so flush left; the others are numbers.
    """
    width = terminal_width(sys.stdout)
    if title:
        say(title)
    encoding = encoding_of(sys.stdout)
    cells = [row if _is_plain(row) else [printable(cell, encoding) for cell in row] for row in rows]
    lines = table_lines(columns, cells, left, width)
    while some := list(islice(lines, _AT_ONCE)):
        write(sys.stdout, "\n".join([*some, ""]))


def _is_plain(row: Sequence[str]) -> bool:
    """Return whether cells are printable as they are, whatever the encoding."""
    text = "".join(row)
    return text.isascii() and text.isprintable()


def show_notes(remarks: Iterable[str], tensors: Iterable[tuple[str, str]] = ()) -> None:
    """Write notes to standard error; those of tensors that say the same are one.

    Parameters
    ----------
    remarks
        Notes on the whole; of equal ones the first is written.
    tensors
        Name of a tensor, and the note on it, "" for none.
    """
    for remark in dict.fromkeys(remarks):
        say(f"nntc: note: {remark}", err=True)
    names: dict[str, list[str]] = {}
    for name, note in tensors:
        if note:
            names.setdefault(note, []).append(name or "(no name)")
    for note, of in names.items():
        say(f"nntc: note: {_listed(of)}: {note}", err=True)


def _listed(names: Sequence[str]) -> str:
    """Return names, or how many there are and the first of them."""
    if len(names) == 1:
        return names[0]
    more = ", ..." if len(names) > _NAMED else ""
    return f"{len(names):,} tensors ({', '.join(names[:_NAMED])}{more})"


def error_text(error: float | None) -> str:
    """Return a relative error for people."""
    if error is None or math.isnan(error):
        return "?"
    if error > 1:
        return "> 100%"  # rearranged rather than rounded, as a folded normalization makes of weights
    return "exact" if error == 0 else f"{error:.2%}"


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape for people."""
    return "x".join(map(str, shape)) or "scalar"

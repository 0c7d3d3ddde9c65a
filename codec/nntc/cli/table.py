"""Tables in plain text that fit a width: headings wrap, long names go on a line of their own."""

from __future__ import annotations

import re
import shutil
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import gt
from typing import TextIO

WIDTH = 80
"""Columns of a table in a file."""
_GAP = 2
_LEAST = 8
"""Columns that text needs at least; a narrower terminal wraps lines itself."""


def terminal_width(stream: TextIO) -> int:
    """Return the columns of a stream: those of the terminal, or 80 in a file."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if stream.isatty() else WIDTH


def wrap(text: str, width: int, indent: int = 0) -> list[str]:
    """Return the lines of a text, broken at spaces; a word that is too long keeps a line of its own.

    Parameters
    ----------
    text
        A line; nothing but the spaces where it is broken is lost.
    width
        Columns there are.
    indent
        Columns that all lines but the first are indented by.
    """
    lines: list[str] = []
    line = ""
    for word in re.split(r"(?<! )(?= )", text):  # each with the spaces before it
        if line.strip() and _width(line + word) > width:
            lines.append(line)
            word = " " * indent + word.lstrip(" ")
            line = ""
        line += word
    return [*lines, line]


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], left: int, width: int
) -> Iterator[str]:
    """Yield the lines of a table.

    Numbers are never cut. Where a row is too wide, headings wrap at spaces first, then cells of text, and at
    last a name that is too long stands on a line of its own with the rest of its row below.

    Parameters
    ----------
    columns
        Headings.
    rows
        Cells, as many in each.
    left
        How many columns are text, and so flush left; the others are numbers.
    width
        Columns there are.
    """
    widths = _widths(columns, rows, left, width)
    heads = [_wrap(column, size) for column, size in zip(columns, widths, strict=True)]
    depth = max(map(len, heads))
    yield from _lines([[""] * (depth - len(head)) + head for head in heads], widths, left)
    yield "─" * min(sum(widths) + _GAP * (len(widths) - 1), width)
    plain = (" " * _GAP).join(f"{{:{'<' if n < left else '>'}{size}}}" for n, size in enumerate(widths))
    for row in rows:
        if "".join(row).isascii() and not any(map(gt, map(len, row), widths)):
            line = plain.format(*row).rstrip()  # most rows
            if line:
                yield line
            continue
        first, *rest = row
        if _width(first) > widths[0]:
            yield from _wrap(first, width)
            first = ""
        cells = [[first]]
        for number, (cell, size) in enumerate(zip(rest, widths[1:], strict=True), 1):
            cells.append(_wrap(cell, size) if number < left else [cell])
        yield from _lines(cells, widths, left)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int, width: int) -> list[int]:
    """Return the width of each column, together at most `width` where numbers let them."""
    cells = [_widest([row[n] for row in rows]) for n in range(len(columns))]
    words = [max(map(_width, column.split()), default=0) for column in columns]
    widths = [max(cell, _width(column)) for cell, column in zip(cells, columns, strict=True)]
    least = [max(cell, word) for cell, word in zip(cells, words, strict=True)]
    _shrink(widths, least, range(len(columns)), width)
    texts = [min(size, max(_LEAST, word)) for size, word in zip(widths, words, strict=True)]
    # The first column gives way before the others: its long names have lines of their own.
    _shrink(widths, texts, range(1), width)
    _shrink(widths, texts, range(1, left), width)
    return widths


def _shrink(widths: list[int], least: Sequence[int], these: range, width: int) -> None:
    """Take from some columns, the widest first, what goes beyond the width."""
    while (excess := sum(widths) + _GAP * (len(widths) - 1) - width) > 0:
        free = [n for n in these if widths[n] > least[n]]
        if not free:
            return
        widest = max(free, key=lambda n: widths[n])
        widths[widest] = max(least[widest], widths[widest] - excess)


def _lines(cells: Sequence[Sequence[str]], widths: Sequence[int], left: int) -> Iterator[str]:
    """Yield the lines of a row whose cells have several."""
    for at in range(max(map(len, cells))):
        parts = []
        for number, (cell, size) in enumerate(zip(cells, widths, strict=True)):
            text = cell[at] if at < len(cell) else ""
            space = " " * (size - _width(text))
            parts.append(text + space if number < left else space + text)
        line = (" " * _GAP).join(parts).rstrip()
        if line:
            yield line


@lru_cache(64)
def _wrap(text: str, width: int) -> list[str]:
    """Return the lines of a text, broken at spaces, or anywhere in longer words; many rows say the same."""
    if _width(text) <= width:
        return [text]
    if text.isascii():
        return textwrap.wrap(text, width, break_on_hyphens=False)
    lines = [""]
    for character in text:
        if _width(lines[-1] + character) > width:
            lines.append("")
        lines[-1] += character
    return lines


def _widest(texts: Sequence[str]) -> int:
    """Return how many columns the widest of many texts takes."""
    return max(map(len if "".join(texts).isascii() else _width, texts), default=0)


def _width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )

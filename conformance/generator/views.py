"""Views (SPEC.md, clause 7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.generator.fields import Fields

MATRIX, TRANSPOSED, RAGGED = range(3)
VIEW_NAMES = ("matrix", "transposed", "ragged")


@dataclass(frozen=True)
class View:
    """Rows of `channels * period` columns, or rows of `lengths`."""

    kind: int
    rows: int
    channels: int = 1
    period: int = 1
    lengths: tuple[int, ...] = ()

    @property
    def columns(self) -> int:
        """Columns of a matrix view."""
        return self.channels * self.period

    @property
    def size(self) -> int:
        """Number of elements."""
        return sum(self.lengths) if self.kind == RAGGED else self.rows * self.columns

    @property
    def part_sizes(self) -> tuple[int, ...]:
        """Elements of each part."""
        return self.lengths if self.kind == RAGGED else (self.size,)

    def row_of(self) -> list[int]:
        """Return the row of each element in coded order."""
        if self.kind == RAGGED:
            return [r for r, n in enumerate(self.lengths) for _ in range(n)]
        return [r for r in range(self.rows) for _ in range(self.columns)]

    def fields(self) -> Fields:
        """Return `view_kind` and what follows it."""
        out = Fields()
        out.u8("view_kind", self.kind)
        out.varint("rows", self.rows)
        if self.kind == RAGGED:
            for r, length in enumerate(self.lengths):
                out.varint(f"row_length[{r}]", length)
        else:
            out.varint("channels", self.channels)
            out.varint("period", self.period)
        return out


def matrix(rows: int, channels: int = 1, period: int = 1, *, transposed: bool = False) -> View:
    """Return a view of kind 0 or 1."""
    return View(TRANSPOSED if transposed else MATRIX, rows, channels, period)


def ragged(lengths: Sequence[int]) -> View:
    """Return a ragged view."""
    return View(RAGGED, len(lengths), lengths=tuple(lengths))

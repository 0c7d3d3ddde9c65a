"""Views: a payload as a matrix of elements, or as rows of different lengths.

Implements SPEC.md 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nntc.format.registry import ViewKind

MAX_ELEMENTS = (1 << 31) - 1
MAX_RAGGED_ROWS = 1 << 16
MAX_RAGGED_OUTPUT = 1 << 24
"""Bytes of all payloads with a ragged view together."""


@dataclass(frozen=True, slots=True)
class View:
    """Rows x columns arrangement of a payload.

    Parameters
    ----------
    kind
        MATRIX and TRANSPOSED have `rows` rows of `channels * period` columns; RAGGED has rows of
        `lengths`, with channels and period 1.
    """

    kind: ViewKind
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
        return sum(self.lengths) if self.kind is ViewKind.RAGGED else self.rows * self.columns

    @property
    def parts(self) -> tuple[int, ...]:
        """Elements of each part of the payload: of each row of a ragged view, else all."""
        return self.lengths if self.kind is ViewKind.RAGGED else (self.size,)

    def to_coded(self, payload: NDArray[Any]) -> NDArray[Any]:
        """Return the elements of rank-1 `payload` in coded order, rank 1."""
        if self.kind is not ViewKind.TRANSPOSED:
            return payload
        return payload.reshape(self.channels, self.rows, self.period).transpose(1, 0, 2).ravel()

    def from_coded(self, coded: NDArray[Any]) -> NDArray[Any]:
        """Return rank-1 `coded` in payload order, rank 1."""
        if self.kind is not ViewKind.TRANSPOSED:
            return coded
        return coded.reshape(self.rows, self.channels, self.period).transpose(1, 0, 2).ravel()

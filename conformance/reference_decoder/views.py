"""Clause 7.2: the arrangement of a payload as rows and columns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from .bits import Reader

MATRIX, TRANSPOSED, RAGGED = 0, 1, 2
LARGEST = 2**31 - 1


@dataclass(slots=True)
class MatrixView:
    """matrix_view: view_kind 0, or 1 if ``transposed``."""

    rows: int
    channels: int
    period: int
    transposed: bool

    @property
    def ragged(self) -> bool:
        """Whether this is a ragged view."""
        return False

    @property
    def columns(self) -> int:
        """columns = channels * period."""
        return self.channels * self.period

    @property
    def n(self) -> int:
        """The number of elements, N."""
        return self.rows * self.columns

    def row_of(self, i: int) -> int:
        """The row of element i of coded order."""
        return i // self.columns

    def part_sizes(self, width: int) -> list[int]:
        """A matrix view has one part."""
        return [self.n * width]

    def to_payload(self, coded: bytearray, width: int) -> bytearray:
        """Put elements of ``width`` bytes from coded order into the order of the payload."""
        return _swapped(coded, self.rows, self.channels, self.period * width) if self.transposed else coded

    def to_coded(self, payload: bytearray, width: int) -> bytearray:
        """Put elements of ``width`` bytes from the order of the payload into coded order."""
        size = self.period * width
        return _swapped(payload, self.channels, self.rows, size) if self.transposed else payload


def _swapped(data: bytearray, rows: int, columns: int, size: int) -> bytearray:
    """A matrix of ``rows`` by ``columns`` entries of ``size`` bytes, transposed."""
    swapped = bytearray(len(data))
    for r in range(rows):
        for c in range(columns):
            source = (r * columns + c) * size
            target = (c * rows + r) * size
            swapped[target : target + size] = data[source : source + size]
    return swapped


@dataclass(slots=True)
class RaggedView:
    """ragged_view: view_kind 2. There are no columns, channels or positions."""

    row_length: list[int]
    row_end: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.row_end = list(accumulate(self.row_length))

    @property
    def ragged(self) -> bool:
        """Whether this is a ragged view."""
        return True

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_length)

    @property
    def n(self) -> int:
        """The number of elements, N."""
        return self.row_end[-1]

    def row_of(self, i: int) -> int:
        """The row of element i of coded order."""
        return bisect_right(self.row_end, i)

    def part_sizes(self, width: int) -> list[int]:
        """Part i is row i."""
        return [length * width for length in self.row_length]

    def to_payload(self, coded: bytearray, width: int) -> bytearray:
        """Coded order and payload order are the same."""
        return coded

    def to_coded(self, payload: bytearray, width: int) -> bytearray:
        """Coded order and payload order are the same."""
        return payload


View = MatrixView | RaggedView


def read_view(reader: Reader, width: int, output: int) -> View:
    """view_kind and view of clauses 7.1 and 7.2, with R-315 and R-316 after the last field."""
    kind = reader.u8()
    kind_offset = reader.field
    reader.require(kind <= RAGGED, "E_RESERVED", "view_kind")
    view = _read_ragged(reader) if kind == RAGGED else _read_matrix(reader, kind == TRANSPOSED)
    reader.require(view.n <= LARGEST, "E_LIMIT", "number of elements", at=kind_offset)
    reader.require(view.n * width == output, "E_SIZE", "view and output differ", at=kind_offset)
    return view


def _read_matrix(reader: Reader, transposed: bool) -> MatrixView:
    rows = reader.varint()
    reader.require(1 <= rows <= LARGEST, "E_LIMIT", "rows")
    channels = reader.varint()
    reader.require(1 <= channels <= LARGEST, "E_LIMIT", "channels")
    period = reader.varint()
    reader.require(1 <= period <= LARGEST, "E_LIMIT", "period")
    return MatrixView(rows, channels, period, transposed)


def _read_ragged(reader: Reader) -> RaggedView:
    rows = reader.varint()
    reader.require(1 <= rows <= 65536, "E_LIMIT", "rows")
    row_length: list[int] = []
    for _ in range(rows):
        row_length.append(reader.varint())
        reader.require(1 <= row_length[-1] <= LARGEST, "E_LIMIT", "row_length")
    return RaggedView(row_length)

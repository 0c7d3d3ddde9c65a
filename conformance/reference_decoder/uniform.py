"""Clauses 7.5 (syntax) and 9.7: the tool uniform."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .bits import Reader
from .coding import Setting, SymbolData
from .errors import NntcError
from .integers import LARGEST, IntegerBlock, read_integer_block
from .rounding import FloatFormat, IntegerFormat, to_element
from .symbols import read_symbol_block
from .transform import inverse_transform
from .trellis import make_trellis
from .views import MatrixView, View


def sign(v: int) -> int:
    """-1, 0 or 1 (clause 3.1)."""
    return (v > 0) - (v < 0)


def code_number(code: int) -> int:
    """The number that a step code stands for (clause 9.7)."""
    return (8 + (code & 7)) << (code >> 3)


@dataclass(frozen=True, slots=True)
class Transform:
    """2^t planes of h rows and w columns (clause 7.5, block and mix)."""

    t: int
    h: int
    w: int

    @property
    def size(self) -> int:
        """Number of elements of a block; it equals the period."""
        return (1 << self.t) * self.h * self.w


@dataclass(slots=True)
class Uniform:
    """Tool uniform; None stands for a field that is absent. ``format`` None is float64."""

    format: FloatFormat | IntegerFormat | None
    width: int
    view: View
    step: float
    offset: float | None
    transform: Transform | None
    row_codes: SymbolData | None
    column_codes: SymbolData | None
    row_base: list[int] | None
    levels: IntegerBlock

    def integers(self) -> array[int]:
        """Phases 3 and 4: the level of each element, before row bases and dequantization."""
        return self._decode()[2]

    def _decode(
        self,
    ) -> tuple[bytes | bytearray | None, bytes | bytearray | None, array[int], bytearray | None]:
        """Phases 3 and 4: row codes, column codes, levels, quantizer bits."""
        row_codes = self.row_codes.decode().values if self.row_codes else None
        column_codes = self.column_codes.decode().values if self.column_codes else None
        block = self.levels.decode_tokens()
        return row_codes, column_codes, self.levels.integers(block), block.tokens.quantizers

    def fail(self, text: str) -> NntcError:
        """E_RANGE of phase 5, at the flags of the integer block."""
        return NntcError("E_RANGE", self.levels.offset, text)

    def elements(self, before: Sequence[float] | None = None) -> bytearray:
        """Phases 3 to 5, in coded order: steps 5 to 8 of clause 9.7 [R-540] to [R-543].

        ``before`` are the elements to be changed, for method uniform of tool difference (clause 9.9).
        """
        row_codes, column_codes, levels, quantizers = self._decode()
        width = self.width
        coded = bytearray(len(levels) * width)
        F = 0.0
        row = -1
        for i, Y in enumerate(self._scaled(levels, quantizers, column_codes)):
            r = self.view.row_of(i)
            if r != row:  # step 5: exact in binary64
                row = r
                F = self.step * (code_number(row_codes[r]) if row_codes is not None else 1)
                F = math.ldexp(F, -24) if self.transform else F
            value = float(Y) * F  # step 6, R-540: abs(Y) < 2^53, so that float(Y) is exact
            if self.offset is not None:
                value = value + self.offset  # step 7, R-540
            if before is not None:
                value = before[i] + value
                if not math.isfinite(value):
                    raise self.fail("element is infinite or NaN")
            element = to_element(value, self.format)  # step 8, R-540, R-541, R-543
            if element is None:
                raise self.fail("element is infinite")
            coded[i * width : (i + 1) * width] = element
        return coded

    def _scaled(
        self, levels: array[int], quantizers: bytearray | None, column_codes: bytes | bytearray | None
    ) -> Iterator[int]:
        """Y of clause 9.7, steps 1 to 4, for each element in coded order."""
        if self.transform is None:
            for i in range(len(levels)):
                yield self._fine_times_column(i, levels, quantizers, column_codes)
            return
        transform = self.transform
        largest = 2 ** (23 - transform.t)
        for start in range(0, len(levels), transform.size):
            block = [
                self._fine_times_column(i, levels, quantizers, column_codes)
                for i in range(start, start + transform.size)
            ]
            if max(block) > largest or min(block) < -largest:  # step 4
                raise self.fail("coefficient")
            yield from inverse_transform(block, transform.t, transform.h, transform.w)

    def _fine_times_column(
        self, i: int, levels: array[int], quantizers: bytearray | None, column_codes: bytes | bytearray | None
    ) -> int:
        """X of clause 9.7, steps 1 to 3."""
        k = levels[i]
        if self.row_base is not None:
            k += self.row_base[self.view.row_of(i)]
        if abs(k) > LARGEST:  # step 1
            raise self.fail("level with row base")
        fine = k if quantizers is None else 2 * k - quantizers[i] * sign(k)  # step 2
        if column_codes is None:
            return fine
        assert isinstance(self.view, MatrixView)
        X = fine * code_number(column_codes[i % self.view.columns])  # step 3
        if abs(X) >= 2**52:
            raise self.fail("X")
        return X


def read_uniform(
    reader: Reader, target: FloatFormat | IntegerFormat | None, width: int, setting: Setting
) -> Uniform:
    """Clause 7.5."""
    view = setting.view
    flags = reader.u8()
    trellis_kind = flags & 3
    has = [flags >> bit & 1 == 1 for bit in range(8)]
    reader.require(not has[7], "E_RESERVED", "flags of uniform")
    fits = not has[6] if isinstance(view, MatrixView) else not (has[2] or has[4])
    reader.require(fits, "E_VIEW", "flags of uniform")

    step = read_f32(reader)
    reader.require(2.0**-126 <= step < math.inf, "E_STEP", "step")  # R-343 (false for NaN)
    offset = read_f32(reader) if has[5] else None
    reader.require(offset is None or (math.isfinite(offset) and offset != 0.0), "E_STEP", "offset")
    transform = _read_transform(reader, view) if has[2] and isinstance(view, MatrixView) else None
    setting.needs.append(16 * transform.size if transform else 0)
    row_codes = read_symbol_block(reader, view.rows, setting, of_view=False) if has[3] else None
    setting.needs.append(view.rows if has[3] else 0)
    column_codes = None
    if has[4] and isinstance(view, MatrixView):
        setting.needs.append(view.columns)
        column_codes = read_symbol_block(reader, view.columns, setting, of_view=False)
    row_base = _read_row_base(reader, view.rows) if has[6] else None
    trellis = None
    if trellis_kind:
        segment = reader.varint()
        reader.require(1 <= segment <= 8192, "E_LIMIT", "segment")
        trellis = make_trellis(trellis_kind, segment)
    levels = read_integer_block(reader, view.n, setting, trellis)
    return Uniform(target, width, view, step, offset, transform, row_codes, column_codes, row_base, levels)


def read_f32(reader: Reader) -> float:
    """f32 of clause 3.2."""
    value: float = struct.unpack("<f", reader.take(4))[0]
    return value


def _read_transform(reader: Reader, view: MatrixView) -> Transform:
    """block and mix."""
    block = reader.u8()
    t = reader.u8()
    reader.require(t <= 6, "E_RESERVED", "mix")
    transform = Transform(t, (block >> 4) + 1, (block & 15) + 1)
    reader.require(transform.size == view.period, "E_VIEW", "block and period differ")
    return transform


def _read_row_base(reader: Reader, rows: int) -> list[int]:
    """row_base[rows]."""
    bases: list[int] = []
    for _ in range(rows):
        bases.append(reader.svarint())
        reader.require(abs(bases[-1]) <= LARGEST, "E_LIMIT", "row_base")
    return bases

"""Tool uniform: levels times step, with codes, trellis and inverse DCT (SPEC.md, "Tool uniform").

Everything before the last multiplication is integer arithmetic. It runs in binary64 here, which holds
every integer that can occur (SPEC.md, "Integer widths"), so that BLAS may sum in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.integers import IntegerBlock, read_integer_block
from codec.decoder.entropy.symbols import Surroundings, TokenRun, Tokens, read_symbol_block
from codec.decoder.tensor.rounding import is_finite, round_to_element
from codec.errors import FormatError
from codec.format import layout as f
from codec.format.dct import BASIS_BITS, basis
from codec.format.layout import SectionStream, parse
from codec.format.registry import (
    ESCAPE,
    MAX_DCT_INPUT,
    MAX_INTEGER,
    MAX_LEVEL,
    ElementType,
    Profile,
    ViewKind,
)
from codec.format.steps import STEP_CODES
from codec.format.view import View

_CHUNK = 1 << 16  # elements dequantized at once


@dataclass(frozen=True, slots=True, eq=False)
class Uniform:
    """A parsed uniform record.

    Parameters
    ----------
    step, offset
        Quantization step; what is added to every value, 0 for none.
    block
        Height and width of the inverse DCT, or None.
    bases
        int64 [rows], added to the levels of each row, or None.
    """

    element: ElementType
    view: View
    trellis: int
    step: float
    offset: float
    block: tuple[int, int] | None
    row_codes: TokenRun | None
    column_codes: TokenRun | None
    bases: NDArray[np.int64] | None
    levels: IntegerBlock

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [run for run in (self.row_codes, self.column_codes, *self.levels.runs) if run is not None]

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements in coded order; E_RANGE at the levels for a value out of bounds."""
        rest = iter(tokens)
        rows = STEP_CODES[next(rest)] if self.row_codes is not None else None
        columns = STEP_CODES[next(rest)] if self.column_codes is not None else None
        levels = list(rest)
        factors = np.array([self.step]) if rows is None else self.step * rows
        if self.block is not None:
            factors = factors * 2.0 ** (-2 * BASIS_BITS)
        if self._is_lookup():
            result = self._look_up(levels[-1], factors)
        else:
            result = self._compute(levels, factors, columns)
        if not is_finite(result, self.element):
            raise FormatError("E_RANGE", "value overflows its type", self.levels.offset)
        return result

    def _is_lookup(self) -> bool:
        """Whether a value depends on its token and row alone, escapes apart."""
        block = self.levels
        in_range = -MAX_LEVEL <= block.lo <= MAX_LEVEL - 255
        simple = not block.low_bits and block.sparse is None and in_range
        return simple and self.bases is None and self.column_codes is None and self.block is None

    def _look_up(self, codes: Tokens, factors: NDArray[np.float64]) -> NDArray[Any]:
        token = np.arange(512) >> 1 if self.trellis else np.arange(256)
        fine = (token + self.levels.lo).astype(np.float64)
        if self.trellis:
            fine = 2 * fine - np.sign(fine) * (np.arange(512) & 1)
        if factors.size == 1:
            out = round_to_element(fine * factors + self._offset(), self.element).take(codes)
        else:
            out = np.empty(codes.size, self._dtype())
            for rows, span in self._chunks():
                scaled = fine.take(codes[span]).reshape(len(range(*rows.indices(self.view.rows))), -1)
                scaled *= factors[rows, None]
                scaled += self._offset()
                out[span] = round_to_element(scaled.ravel(), self.element)
        if self.levels.escapes is not None:
            self._put_escapes(out, codes, factors, self.levels.escapes)
        return out

    def _put_escapes(
        self, out: NDArray[Any], codes: Tokens, factors: NDArray[np.float64], escapes: NDArray[np.int64]
    ) -> None:
        """Overwrite the elements whose token is the escape."""
        places = np.flatnonzero((codes >> 1 if self.trellis else codes) == ESCAPE)
        if places.size != escapes.size:
            raise FormatError("E_ESCAPE", "escape tokens and escape values differ in number", self.levels.offset)
        fine = escapes
        if self.trellis:
            fine = 2 * escapes - np.sign(escapes) * (codes[places] & 1)
        own = factors
        if factors.size > 1:
            ends = np.cumsum(self.view.lengths or (self.view.columns,) * self.view.rows)
            own = factors[np.searchsorted(ends, places, side="right")]
        out[places] = round_to_element(fine * own + self._offset(), self.element)

    def _compute(
        self, tokens: list[Tokens], factors: NDArray[np.float64], columns: NDArray[np.float64] | None
    ) -> NDArray[Any]:
        codes = tokens[-1]
        if self.trellis:
            tokens = [*tokens[:-1], codes >> 1]
        levels = self.levels.integers(tokens)
        row_of = self.view.row_of_element() if self.view.kind is ViewKind.RAGGED else None
        if self.bases is not None and row_of is not None:
            levels += self.bases[row_of]
            if levels.min() < -MAX_LEVEL or levels.max() > MAX_LEVEL:
                raise FormatError("E_RANGE", "level is too large", self.levels.offset)
        if self.trellis:
            levels = 2 * levels - np.sign(levels) * (codes & 1)
        if row_of is not None:
            per_element = factors[row_of] if factors.size > 1 else factors
            return round_to_element(levels * per_element + self._offset(), self.element)
        out = np.empty(levels.size, self._dtype())
        for rows, span in self._chunks():
            x = levels[span].astype(np.float64).reshape(-1, self.view.columns)
            if columns is not None:
                x *= columns
            limit = MAX_INTEGER if self.block is None else MAX_DCT_INPUT
            if np.abs(x).max() > limit:
                raise FormatError("E_RANGE", "scaled level is too large", self.levels.offset)
            if self.block is not None:
                height, width = self.block
                x = (x.reshape(-1, self.view.period) @ np.kron(basis(height), basis(width))).reshape(x.shape)
            x *= factors[rows, None] if factors.size > 1 else factors
            x += self._offset()
            out[span] = round_to_element(x.ravel(), self.element)
        return out

    def _offset(self) -> float:
        # Adding -0.0 changes no value, not even the sign of a zero; adding +0.0 would lose -0.0.
        return self.offset if self.offset else -0.0

    def _dtype(self) -> Any:
        return round_to_element(np.zeros(1), self.element).dtype

    def _chunks(self) -> Iterator[tuple[slice, slice]]:
        """Yield row ranges and their element ranges, a bounded number of elements each."""
        if self.view.kind is ViewKind.RAGGED:
            bounds = np.cumsum((0, *self.view.lengths))
            for row in range(self.view.rows):
                yield slice(row, row + 1), slice(int(bounds[row]), int(bounds[row + 1]))
            return
        columns = self.view.columns
        step = max(1, _CHUNK // columns)
        for row in range(0, self.view.rows, step):
            end = min(row + step, self.view.rows)
            yield slice(row, end), slice(row * columns, end * columns)


def read_uniform(stream: SectionStream, element: ElementType, view: View, around: Surroundings) -> Uniform:
    """Parse what follows the view of a uniform record."""
    at = stream.at()
    flags = parse(f.UNIFORM_FLAGS, stream)
    trellis, has_dct, has_rows, has_columns = flags & 3, flags & 4, flags & 8, flags & 16
    has_offset, has_bases = flags & 32, flags & 64
    if around.profile is Profile.BASELINE and (trellis or has_rows or has_columns):
        raise FormatError("E_PROFILE", "trellis and step codes need profile Main", at)
    ragged = view.kind is ViewKind.RAGGED
    if ragged and (has_dct or has_columns) or has_bases and not ragged:
        raise FormatError("E_VIEW", "flags do not fit the view", at)
    step = parse(f.STEP, stream)
    offset = parse(f.OFFSET, stream) if has_offset else 0.0
    block = None
    if has_dct:
        at = stream.at()
        code = parse(f.U8, stream)
        block = ((code >> 4) + 1, (code & 15) + 1)
        if block[0] * block[1] != view.period:
            raise FormatError("E_VIEW", "transform block does not fit the view's period", at)
    row_codes = read_symbol_block(stream, view.rows, around) if has_rows else None
    column_codes = read_symbol_block(stream, view.columns, around) if has_columns else None
    bases = np.array([parse(f.ROW_BASE, stream) for _ in range(view.rows)], np.int64) if has_bases else None
    segment = parse(f.SEGMENT, stream) if trellis else 1
    levels = read_integer_block(stream, view, around, trellis=trellis, segment=segment)
    return Uniform(element, view, trellis, step, offset, block, row_codes, column_codes, bases, levels)

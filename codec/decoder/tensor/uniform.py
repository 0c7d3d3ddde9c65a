"""Tool uniform: levels times step, with codes, trellis and inverse transform (SPEC.md, "Tool uniform").

Everything before the last multiplication is integer arithmetic. It runs in binary64 here, which holds
every integer that can occur (SPEC.md, "Integer widths"), so that BLAS may sum in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.integers import IntegerBlock, IntegerReader, on_fine_grid, read_integer_block
from codec.decoder.entropy.symbols import Surroundings, TokenRun, Tokens, read_symbol_block
from codec.decoder.tensor.rounding import is_finite, round_to_element
from codec.decoder.tensor.transform import SCALE, Transform
from codec.errors import FormatError
from codec.format import layout as f
from codec.format.layout import SectionStream, parse
from codec.format.registry import MAX_INTEGER, MAX_LEVEL, ElementType, Profile, ViewKind
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
    transform
        Inverse transform of the scaled levels, or None.
    bases
        int64 [rows], added to the levels of each row, or None.
    """

    element: ElementType
    view: View
    trellis: int
    step: float
    offset: float
    transform: Transform | None
    row_codes: TokenRun | None
    column_codes: TokenRun | None
    bases: NDArray[np.int64] | None
    levels: IntegerBlock

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [run for run in (self.row_codes, self.column_codes, *self.levels.runs) if run is not None]

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements in coded order; E_ESCAPE, E_PADDING or E_RANGE at the levels."""
        rest = iter(tokens)
        row_codes = next(rest) if self.row_codes is not None else None
        column_codes = next(rest) if self.column_codes is not None else None
        levels = list(rest)
        if row_codes is None and column_codes is None and self._is_lookup():
            result = self._look_up(levels[-1])
        else:
            result = self._compute(levels, row_codes, column_codes)
        if not is_finite(result, self.element):
            raise FormatError("E_RANGE", "value overflows its type", self.levels.offset)
        return result

    def _is_lookup(self) -> bool:
        """Whether, step codes and escapes apart, a value depends on its token alone."""
        block = self.levels
        in_range = -MAX_LEVEL <= block.lo <= MAX_LEVEL - 255
        is_simple = not block.low_bits and block.sparse is None
        return in_range and is_simple and self.bases is None and self.transform is None

    def _look_up(self, codes: Tokens) -> NDArray[Any]:
        dependent = bool(self.trellis)
        elements = self._to_elements(self.levels.table(dependent=dependent) * self.step)
        out = np.empty(codes.size, elements.dtype)
        # Some at a time: numpy makes eight bytes of an index of one.
        for start in range(0, codes.size, _CHUNK):
            out[start : start + _CHUNK] = elements.take(codes[start : start + _CHUNK])
        for places, integers in self.levels.escaped(codes, dependent=dependent):
            out[places] = self._to_elements(integers * self.step)
        return out

    def _compute(
        self, tokens: list[Tokens], row_codes: Tokens | None, column_codes: Tokens | None
    ) -> NDArray[Any]:
        codes = tokens[-1]
        if self.trellis and self.bases is not None:
            tokens = [codes >> 1]
        reader = IntegerReader(self.levels, tokens, dependent=bool(self.trellis) and self.bases is None)
        scale = self.step if self.transform is None else self.step * SCALE
        limit = MAX_INTEGER if self.transform is None else self.transform.limit
        limited = column_codes is not None or self.transform is not None
        out = np.empty(self.view.size, self._to_elements(np.zeros(0)).dtype)
        done = 0
        for rows, columns, count in self._tiles():
            fine = reader.take(count)
            if self.bases is not None:
                fine += self.bases[rows]
                if fine.min() < -MAX_LEVEL or fine.max() > MAX_LEVEL:
                    raise FormatError("E_RANGE", "level is too large", self.levels.offset)
                if self.trellis:
                    fine = on_fine_grid(fine, codes[done : done + count] & 1)
            x = fine.astype(np.float64)
            if column_codes is not None:
                own = column_codes[columns]
                x = (x.reshape(-1, own.size) * STEP_CODES.take(own)).ravel()
            if limited and max(-x.min(), x.max()) > limit:
                raise FormatError("E_RANGE", "scaled level is too large", self.levels.offset)
            if self.transform is not None:
                x = self.transform.inverse(x)
            if row_codes is None:
                x *= scale
            else:
                factors = scale * STEP_CODES.take(row_codes[rows])
                x = (x.reshape(factors.size, -1) * factors[:, None]).ravel()
            out[done : done + count] = self._to_elements(x)
            done += count
        return out

    @property
    def _is_ragged(self) -> bool:
        return self.view.kind is ViewKind.RAGGED

    def _to_elements(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add the offset to float64 `values` and round."""
        return round_to_element(values + self.offset if self.offset else values, self.element)

    def _tiles(self) -> Iterator[tuple[NDArray[np.intp] | slice, slice, int]]:
        """Yield rows, columns and number of elements of consecutive stretches of coded order.

        Rows of a matrix are a slice, of a ragged view the row of each element. A stretch holds whole
        rows or is part of one, and whole blocks of a transform.
        """
        if self._is_ragged:
            bounds = np.cumsum((0, *self.view.lengths))
            for start in range(0, self.view.size, _CHUNK):
                end = min(start + _CHUNK, self.view.size)
                counts = np.diff(np.clip(bounds, start, end))
                yield np.repeat(np.arange(self.view.rows), counts), slice(0, 0), end - start
            return
        width = self.view.columns
        if width <= _CHUNK:
            step = _CHUNK // width
            for row in range(0, self.view.rows, step):
                end = min(row + step, self.view.rows)
                yield slice(row, end), slice(0, width), (end - row) * width
            return
        step = _CHUNK - _CHUNK % self.view.period if self.transform is not None else _CHUNK
        for row in range(self.view.rows):
            for column in range(0, width, step):
                end = min(column + step, width)
                yield slice(row, row + 1), slice(column, end), end - column


def read_uniform(stream: SectionStream, element: ElementType, view: View, around: Surroundings) -> Uniform:
    """Parse what follows the view of a uniform record."""
    at = stream.at()
    flags = parse(f.UNIFORM_FLAGS, stream)
    trellis, has_transform, has_rows, has_columns = flags & 3, flags & 4, flags & 8, flags & 16
    has_offset, has_bases = flags & 32, flags & 64
    if around.profile is Profile.BASELINE and (trellis or has_rows or has_columns):
        raise FormatError("E_PROFILE", "trellis and step codes need profile Main", at)
    ragged = view.kind is ViewKind.RAGGED
    if (has_transform or has_columns) if ragged else has_bases:
        raise FormatError("E_VIEW", "flags do not fit the view", at)
    step = parse(f.STEP, stream)
    offset = parse(f.OFFSET, stream) if has_offset else 0.0
    transform = None
    if has_transform:
        code = parse(f.U8, stream)
        at = stream.at()
        transform = Transform((code >> 4) + 1, (code & 15) + 1, parse(f.MIX, stream))
        if transform.period != view.period:
            raise FormatError("E_VIEW", "transform block does not fit the view's period", at)
    row_codes = read_symbol_block(stream, view.rows, around) if has_rows else None
    column_codes = read_symbol_block(stream, view.columns, around) if has_columns else None
    bases = _read_bases(stream, view.rows) if has_bases else None
    segment = parse(f.SEGMENT, stream) if trellis else 1
    levels = read_integer_block(stream, view, around, trellis=trellis, segment=segment)
    return Uniform(element, view, trellis, step, offset, transform, row_codes, column_codes, bases, levels)


def _read_bases(stream: SectionStream, rows: int) -> NDArray[np.int64]:
    parts = []
    for values, offsets in f.svarints(stream, rows):
        f.require(np.abs(values) <= MAX_LEVEL, offsets, "E_LIMIT", "row base is too large")
        parts.append(values)
    return np.concatenate(parts)

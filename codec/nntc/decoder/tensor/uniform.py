"""Tool uniform: levels times step, with step codes, trellis and inverse transform.

Everything before the last multiplication is integer arithmetic. It runs in binary64 here, which holds
every integer that can occur (SPEC.md, appendix B), so that BLAS may sum in any order.

Implements SPEC.md 7.5, 9.7 and 9.8 (R-540, R-542, R-550, R-950).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.integers import IntegerBlock, IntegerReader, TokenTable, read_integer_block
from nntc.decoder.entropy.runs import ParseContext, RunRequest, Tokens, plain
from nntc.decoder.entropy.symbols import read_symbol_block
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.integers import MAX_LEVEL
from nntc.format.memory import PERIOD_MEMORY
from nntc.format.patterns import values_of
from nntc.format.registry import ElementType, ViewKind
from nntc.format.rounding import dequantize, is_finite
from nntc.format.steps import MAX_SCALED, STEP_CODES
from nntc.format.tools import ROW_BASES, SEGMENT, UNIFORM_HEAD, UniformFlags
from nntc.format.transform import SCALE, Transform
from nntc.format.trellis import Trellis, on_fine_grid
from nntc.format.view import View
from nntc.kernels.decoding import look_up
from nntc.kernels.elements import reconstruct

_CHUNK = 1 << 15  # elements dequantized at once: what they need stays in cache


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
    trellis: Trellis
    step: float
    offset: float
    transform: Transform | None
    row_codes: TokenRun | None
    column_codes: TokenRun | None
    bases: NDArray[np.int64] | None
    levels: IntegerBlock

    @property
    def memory(self) -> int:
        """Bytes of working memory beyond those of its runs: step codes, and a block of the transform."""
        rows = self.view.rows if self.row_codes is not None else 0
        columns = self.view.columns if self.column_codes is not None else 0
        return rows + columns + (PERIOD_MEMORY * self.view.period if self.transform is not None else 0)

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [run for run in (self.row_codes, self.column_codes, *self.levels.runs) if run is not None]

    def values(self, tokens: list[Tokens], previous: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the elements in coded order; E_ESCAPE, E_PADDING or E_RANGE at the levels.

        They are added to `previous`, bit patterns in coded order, if it is given.
        """
        rest = iter(tokens)
        row_codes = plain(next(rest)) if self.row_codes is not None else None
        column_codes = plain(next(rest)) if self.column_codes is not None else None
        gaps = plain(next(rest)) if self.levels.sparse is not None else None
        own = next(rest)
        if previous is None:
            made = reconstruct(self, own, row_codes, column_codes)
            if made is not None:
                return made
        token_table = TokenTable.of(own)
        if previous is None and row_codes is None and column_codes is None and self._is_lookup():
            return self._look_up(token_table)
        return self._compute(token_table, gaps, row_codes, column_codes, previous)

    def _is_lookup(self) -> bool:
        """Whether, step codes and escapes apart, a value depends on its token alone."""
        block = self.levels
        in_range = -MAX_LEVEL <= block.min_level <= MAX_LEVEL - 255
        is_simple = not block.low_bits and block.sparse is None
        return in_range and is_simple and self.bases is None and self.transform is None

    def _look_up(self, token_table: TokenTable) -> NDArray[Any]:
        dependent = bool(self.trellis)
        elements = self._to_elements(self.levels.table(token_table, dependent=dependent), self.step)
        is_valid = is_finite(elements, self.element)
        out = look_up(elements, token_table.indices)
        for places, integers in self.levels.escaped(token_table, dependent=dependent):
            out[places] = escaped = self._to_elements(integers, self.step)
            is_valid = is_valid and is_finite(escaped, self.element)
        if not is_valid:  # unless what overflows does not occur
            self._check_finite(out)
        return out

    def _compute(
        self,
        token_table: TokenTable,
        gaps: NDArray[np.uint8] | None,
        row_codes: NDArray[np.uint8] | None,
        column_codes: NDArray[np.uint8] | None,
        previous: NDArray[Any] | None,
    ) -> NDArray[Any]:
        dependent = bool(self.trellis) and self.bases is None
        reader = IntegerReader(self.levels, token_table, gaps, dtype=np.float64, dependent=dependent)
        scale = self.step if self.transform is None else self.step * SCALE
        limit = MAX_SCALED if self.transform is None else self.transform.limit
        bound = reader.bound
        if column_codes is not None:
            bound *= STEP_CODES[int(column_codes.max())]
        out = np.empty(self.view.size, self._to_elements(np.zeros(0), scale).dtype)
        done = 0
        for rows, columns, count in self._tiles():
            span = slice(done, done + count)
            x = reader.take(count)
            if self.bases is not None:
                x += self.bases[rows]
                if x.min() < -MAX_LEVEL or x.max() > MAX_LEVEL:
                    raise FormatError("E_RANGE", "level is too large", self.levels.offset)
                if self.trellis:
                    x = on_fine_grid(x, token_table.quantizers.take(token_table.indices[span]))
            if column_codes is not None:
                own = column_codes[columns]
                x.reshape(-1, own.size)[...] *= STEP_CODES.take(own)
            if bound > limit and max(-x.min(), x.max()) > limit:
                raise FormatError("E_RANGE", "scaled level is too large", self.levels.offset)
            if self.transform is not None:
                x = self.transform.inverse(x)
            factors: float | NDArray[np.float64] = scale
            if row_codes is not None:
                factors = (scale * STEP_CODES.take(row_codes[rows]))[:, None]
                x = x.reshape(factors.size, -1)
            old = None if previous is None else values_of(previous[span], self.element).reshape(x.shape)
            out[span] = self._to_elements(x, factors, old).ravel()
            self._check_finite(out[span])
            done += count
        return out

    def _check_finite(self, elements: NDArray[Any]) -> None:
        if not is_finite(elements, self.element):
            raise FormatError("E_RANGE", "value overflows its type", self.levels.offset)

    @property
    def _is_ragged(self) -> bool:
        return self.view.kind is ViewKind.RAGGED

    def _to_elements(
        self,
        levels: NDArray[Any],
        factors: float | NDArray[np.float64],
        previous: NDArray[np.float64] | None = None,
    ) -> NDArray[Any]:
        return dequantize(levels, factors, self.offset, self.element, previous)

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


def read_uniform(stream: SectionStream, element: ElementType, view: View, context: ParseContext) -> Uniform:
    """Parse what follows the view of a uniform record."""
    head = UNIFORM_HEAD.read(stream, view=view)
    flags, trellis = head.flags, head.flags.trellis
    transform = None
    if head.block is not None and head.mix is not None:
        transform = Transform.of(head.block, head.mix)
    has_rows, has_columns = UniformFlags.ROW_CODES in flags, UniformFlags.COLUMN_CODES in flags
    row_codes = read_symbol_block(stream, RunRequest(view.rows, context)) if has_rows else None
    column_codes = read_symbol_block(stream, RunRequest(view.columns, context)) if has_columns else None
    bases = ROW_BASES.read(stream, rows=view.rows) if UniformFlags.ROW_BASES in flags else None
    segment = SEGMENT.read(stream) if trellis else 1
    levels = read_integer_block(stream, view.size, context, view, trellis=trellis, segment=segment)
    offset = head.offset or 0.0
    return Uniform(
        element, view, trellis, head.step, offset, transform, row_codes, column_codes, bases, levels
    )

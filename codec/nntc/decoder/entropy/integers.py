"""Integer blocks: tokens, escapes, low bits and sparse positions become integers.

Implements SPEC.md 8.1 and 9.5 (R-014, R-520 to R-522).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, RunRequest, Tokens
from nntc.decoder.entropy.streams import DependentTokens
from nntc.decoder.entropy.symbols import read_symbol_block, read_symbol_data
from nntc.errors import FormatError
from nntc.format.bits import packed_size, padding_is_zero, unpack
from nntc.format.fields import SectionStream
from nntc.format.integers import ESCAPE, INTEGER_HEAD, MAX_LEVEL
from nntc.format.trellis import Trellis, on_fine_grid
from nntc.format.view import View
from nntc.kernels.decoding import look_up


@dataclass(frozen=True, slots=True)
class Sparse:
    """Where the coded integers stand: gaps between them, everything else is `background`."""

    background: int
    gaps: TokenRun


@dataclass(frozen=True, slots=True, eq=False)
class IntegerBlock:
    """A parsed block of `count` integers.

    Parameters
    ----------
    min_level
        Integer of token 0.
    low_bits, low_data
        Width of the packed low parts and the bytes that hold them; width 0 for none.
    escapes
        int32 [escape count] integers of the escape tokens, or None where 255 is a token as any other.
    """

    count: int
    min_level: int
    low_bits: int
    low_data: bytes
    escapes: NDArray[np.int32] | None
    sparse: Sparse | None
    run: TokenRun
    offset: int

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [self.run] if self.sparse is None else [self.sparse.gaps, self.run]

    @property
    def is_plain(self) -> bool:
        """Whether every integer is `min_level` plus its token."""
        return self.escapes is None and not self.low_bits and self.sparse is None

    def table(self, token_table: TokenTable, *, dependent: bool = False) -> NDArray[np.int64]:
        """Return the integer of each token, low bits and escapes apart.

        Parameters
        ----------
        token_table
            What tokens can be.
        dependent
            Return integers on the fine grid of a trellis.
        """
        integers = token_table.tokens.astype(np.int64) + self.min_level
        return on_fine_grid(integers, token_table.quantizers) if dependent else integers

    def escaped(self, token_table: TokenTable, *, dependent: bool = False) -> Iterator[Escaped]:
        """Yield places of escape tokens and their integers as `table` has them, some at a time.

        E_ESCAPE, before anything is yielded, if tokens and escapes differ in number.
        """
        if self.escapes is None:
            return
        is_escape = token_table.tokens == ESCAPE
        indices = token_table.indices
        spans = [slice(start, start + SPAN) for start in range(0, indices.size, SPAN)]
        if sum(np.count_nonzero(look_up(is_escape, indices[span])) for span in spans) != self.escapes.size:
            raise FormatError("E_ESCAPE", "escape tokens and escape values differ in number", self.offset)
        done = 0
        for span in spans:
            places = np.flatnonzero(look_up(is_escape, indices[span])) + span.start
            integers = self.escapes[done : done + places.size].astype(np.int64)
            done += places.size
            if dependent:
                integers = on_fine_grid(integers, token_table.quantizers.take(indices[places]))
            yield places, integers


@dataclass(frozen=True, slots=True, eq=False)
class TokenTable:
    """Tokens as indices, and what the indices stand for.

    Parameters
    ----------
    indices
        One for each token in coded order, unsigned, rank 1.
    tokens, quantizers
        uint8: the token of each index, and its quantizer bit under a trellis.
    """

    indices: NDArray[Any]
    tokens: NDArray[np.uint8]
    quantizers: NDArray[np.uint8]

    @classmethod
    def of(cls, tokens: Tokens) -> TokenTable:
        """Return decoded tokens with what they stand for."""
        if isinstance(tokens, DependentTokens):
            return cls(tokens.indices(), tokens.tokens, tokens.quantizers)
        return cls(tokens, np.arange(256, dtype=np.uint8), np.zeros(256, np.uint8))


Escaped = tuple[NDArray[np.intp], NDArray[np.int64]]

SPAN = 1 << 16
"""Integers worked on at once: bounds memory, and they stay in cache."""


class IntegerReader:
    """The integers of a block in coded order, as many at a time as asked for.

    Parameters
    ----------
    token_table
        The decoded `IntegerBlock.run`.
    gaps
        The decoded gaps of a sparse block.
    dtype
        Of the integers: int64, or float64, which holds them all.
    dependent
        Read integers on the fine grid of a trellis.

    Attributes
    ----------
    bound
        No integer has a greater magnitude.

    Raises
    ------
    FormatError
        E_ESCAPE, E_PADDING, E_RANGE at the block.
    """

    def __init__(
        self,
        block: IntegerBlock,
        token_table: TokenTable,
        gaps: NDArray[np.uint8] | None = None,
        *,
        dtype: type[np.generic] = np.int64,
        dependent: bool = False,
    ) -> None:
        self._block = block
        self._indices = token_table.indices
        self._gaps = np.zeros(0, np.uint8) if gaps is None else gaps
        table = block.table(token_table, dependent=dependent)
        self._table = table.astype(dtype)
        self._escaped = block.escaped(token_table, dependent=dependent)
        self._places = np.zeros(0, np.intp)
        self._escapes = np.zeros(0, np.int64)
        self._seen = 0  # tokens below this have their escapes in _places
        self._limit = 2 * MAX_LEVEL if dependent else MAX_LEVEL
        self.bound = self._bound(int(np.abs(table).max()))
        self._next = 0  # token to be read next
        self._gone = 0  # integers handed out since the last sparse one
        if block.escapes is not None:
            self._more_escapes()
        count = token_table.indices.size
        if block.low_bits and not padding_is_zero(block.low_data, count, block.low_bits):
            raise FormatError("E_PADDING", "padding bits are not zero", block.offset)
        if block.sparse is not None and int(self._gaps.sum(dtype=np.int64)) + count > block.count:
            raise FormatError("E_RANGE", "sparse position is past the end", block.offset)

    def _bound(self, largest: int) -> int:
        """Return the greatest magnitude, if that of the table is `largest`."""
        block = self._block
        if block.escapes is not None:
            largest = max(largest, self._limit)
        if block.sparse is not None:
            largest = max(largest, abs(block.sparse.background))
        return (largest + 1) << block.low_bits if block.low_bits else largest

    def take(self, count: int) -> NDArray[Any]:
        """Return the next `count` integers; all integers together are as many as the block has."""
        if self._block.sparse is None:
            return self._coded(count)
        dense = np.full(count, self._block.sparse.background, self._table.dtype)
        gaps = self._gaps[self._next : self._next + count].astype(np.int64)
        places = np.cumsum(gaps + 1) - 1 - self._gone
        inside = int(np.searchsorted(places, count))
        self._gone += count
        if inside:
            dense[places[:inside]] = self._coded(inside)
            self._gone = count - 1 - int(places[inside - 1])
        return dense

    def _coded(self, count: int) -> NDArray[Any]:
        block, start = self._block, self._next
        self._next = end = start + count
        values = look_up(self._table, self._indices[start:end])
        if block.escapes is not None:
            while self._seen < end:
                self._more_escapes()
            inside = int(np.searchsorted(self._places, end))
            values[self._places[:inside] - start] = self._escapes[:inside]
            self._places, self._escapes = self._places[inside:], self._escapes[inside:]
        if block.low_bits:
            values *= 1 << block.low_bits
            values += unpack(block.low_data, count, block.low_bits, start * block.low_bits)
        if self.bound > self._limit and (values.min() < -self._limit or values.max() > self._limit):
            raise FormatError("E_RANGE", "integer is too large", block.offset)
        return values

    def _more_escapes(self) -> None:
        places, integers = next(self._escaped)
        self._places = np.concatenate([self._places, places])
        self._escapes = np.concatenate([self._escapes, integers])
        self._seen += SPAN


def read_integer_block(
    stream: SectionStream,
    size: int,
    context: ParseContext,
    view: View | None = None,
    *,
    trellis: Trellis = Trellis.NONE,
    segment: int = 1,
) -> IntegerBlock:
    """Parse a block of `size` integers, of all elements of `view` if given; E_TRELLIS if no trellis fits."""
    offset = stream.at()
    head = INTEGER_HEAD.read(stream, profile=context.profile, size=size, trellis=trellis)
    count = size if head.count is None else head.count
    low_bits = head.low_bits or 0
    low_data = stream.take(packed_size(count, low_bits), "low bits")
    coder = head.flags.coder
    sparse = None
    if head.background is not None:
        sparse = Sparse(head.background, read_symbol_block(stream, RunRequest(count, context)))
        run = read_symbol_data(stream, coder, RunRequest(count, context))
    else:
        run = read_symbol_data(stream, coder, RunRequest(count, context, view, trellis, segment))
    return IntegerBlock(size, head.min_level, low_bits, low_data, head.escapes, sparse, run, offset)

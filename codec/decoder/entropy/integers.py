"""Integer blocks: tokens to integers, with escapes, low bits and sparse positions (SPEC.md, "Integer block")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.symbols import Surroundings, TokenRun, Tokens, read_symbol_block, read_symbol_data
from codec.errors import FormatError
from codec.format import layout as f
from codec.format.bits import packed_size, padding_is_zero, unpack
from codec.format.layout import SectionStream, parse
from codec.format.registry import ESCAPE, MAX_LEVEL, Coder
from codec.format.view import View


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
    lo
        Integer of token 0.
    low_bits, low_data
        Width of the packed low parts and the bytes that hold them; width 0 for none.
    escapes
        int64 [escape count] integers of the escape tokens, or None where 255 is a token as any other.
    """

    count: int
    lo: int
    low_bits: int
    low_data: bytes
    escapes: NDArray[np.int64] | None
    sparse: Sparse | None
    run: TokenRun
    offset: int

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [self.run] if self.sparse is None else [self.sparse.gaps, self.run]

    @property
    def is_plain(self) -> bool:
        """Whether every integer is `lo` plus its token."""
        return self.escapes is None and not self.low_bits and self.sparse is None

    def integers(self, tokens: list[Tokens]) -> NDArray[np.int64]:
        """Return int64 [count] from the decoded `runs`; E_ESCAPE or E_RANGE at the block."""
        coded = tokens[-1]
        values = coded.astype(np.int64) + self.lo
        if self.escapes is not None:
            escaped = coded == ESCAPE
            if np.count_nonzero(escaped) != self.escapes.size:
                raise FormatError("E_ESCAPE", "escape tokens and escape values differ in number", self.offset)
            values[escaped] = self.escapes
        if self.low_bits:
            if not padding_is_zero(self.low_data, coded.size, self.low_bits):
                raise FormatError("E_PADDING", "padding bits are not zero", self.offset)
            values = (values << self.low_bits) + unpack(self.low_data, coded.size, self.low_bits)
        if values.min() < -MAX_LEVEL or values.max() > MAX_LEVEL:
            raise FormatError("E_RANGE", "integer is too large", self.offset)
        if self.sparse is None:
            return values
        positions = np.cumsum(tokens[0].astype(np.int64) + 1) - 1
        if positions[-1] >= self.count:
            raise FormatError("E_RANGE", "sparse position is past the end", self.offset)
        dense = np.full(self.count, self.sparse.background, np.int64)
        dense[positions] = values
        return dense


def read_integer_block(
    stream: SectionStream, view: View, around: Surroundings, *, trellis: int = 0, segment: int = 1
) -> IntegerBlock:
    """Parse the integer block of all elements of `view`; E_TRELLIS if it does not fit a trellis."""
    offset = stream.at()
    flags = parse(f.INTEGER_FLAGS, stream)
    coder = Coder(flags & 7)
    has_escapes, has_low, is_sparse = flags & 8, flags & 16, flags & 32
    if trellis and (coder is not Coder.RANS or flags & 48):
        raise FormatError("E_TRELLIS", "a trellis takes rANS without low bits or gaps", offset)
    at = stream.at()
    lo = parse(f.LO, stream)
    if trellis and lo & 1:
        raise FormatError("E_TRELLIS", "lowest level must be even under a trellis", at)
    low_bits = parse(f.LOW_BITS, stream) if has_low else 0
    escapes = _read_escapes(stream, lo, view.size, odd=bool(trellis)) if has_escapes else None
    background = parse(f.BACKGROUND, stream) if is_sparse else 0
    count = view.size
    if is_sparse:
        at = stream.at()
        count = parse(f.VARINT, stream)
        if not 1 <= count <= view.size:
            raise FormatError("E_LIMIT", "sparse count does not fit the view", at)
    low_data = stream.take(packed_size(count, low_bits), "low bits")
    if is_sparse:
        sparse = Sparse(background, read_symbol_block(stream, count, around))
        run = read_symbol_data(stream, coder, count, around)
        return IntegerBlock(view.size, lo, low_bits, low_data, escapes, sparse, run, offset)
    run = read_symbol_data(stream, coder, count, around, view=view, trellis=trellis, segment=segment)
    return IntegerBlock(view.size, lo, low_bits, low_data, escapes, None, run, offset)


def _read_escapes(stream: SectionStream, lo: int, limit: int, *, odd: bool) -> NDArray[np.int64]:
    at = stream.at()
    count = parse(f.VARINT, stream)
    if not 1 <= count <= limit:
        raise FormatError("E_LIMIT", "escape count does not fit the view", at)
    escapes = []
    for _ in range(count):
        at = stream.at()
        value = parse(f.LO, stream)
        if lo <= value < lo + ESCAPE:
            raise FormatError("E_ESCAPE", "escaped integer has a token of its own", at)
        if odd and value % 2 == 0:
            raise FormatError("E_TRELLIS", "escaped integer must be odd under a trellis, as its token is", at)
        escapes.append(value)
    return np.array(escapes, np.int64)

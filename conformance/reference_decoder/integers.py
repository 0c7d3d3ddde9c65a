"""Clause 8.1 (syntax of integer blocks) and clause 9.5 (their integers)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .bits import Reader, fields, padding_is_zero, run_size
from .coding import PROFILE_OF, RANS, ZSTD, Setting, SymbolData, Tokens
from .errors import NntcError
from .symbols import read_symbol_block, read_symbol_data
from .trellis import Trellis

LARGEST = 2**31 - 1


class BlockTokens(NamedTuple):
    """What phase 3 yields for an integer block."""

    gaps: bytes | bytearray | None
    tokens: Tokens


@dataclass(slots=True)
class IntegerBlock:
    """An integer block of ``size`` (M) integers and ``n`` tokens; None stands for a field that is absent."""

    offset: int
    size: int
    n: int
    lo: int
    low_bits: int
    escapes: array[int] | None
    background: int
    low: memoryview | None
    gaps: SymbolData | None
    data: SymbolData

    def decode_tokens(self) -> BlockTokens:
        """Phase 3, in stored order: gaps, tokens."""
        gaps = self.gaps.decode().values if self.gaps else None
        return BlockTokens(gaps, self.data.decode())

    def integers(self, block: BlockTokens) -> array[int]:
        """Phase 4: the process of clause 9.5. All errors are reported at the flags."""
        tokens = block.tokens.values
        if self.escapes is not None and tokens.count(255) != len(self.escapes):  # step 1
            raise NntcError("E_ESCAPE", self.offset, "number of escapes")
        if self.low is not None and not padding_is_zero(self.low, self.n, self.low_bits):  # step 2
            raise NntcError("E_PADDING", self.offset, "low bits")
        result = array("i", [self.background]) * self.size
        pos = -1
        for i, v in enumerate(self._values(tokens)):
            if abs(v) > LARGEST:  # step 2c
                raise NntcError("E_RANGE", self.offset, "integer")
            if block.gaps is None:  # step 3
                result[i] = v
            else:
                pos += block.gaps[i] + 1
                if pos >= self.size:
                    raise NntcError("E_RANGE", self.offset, "sparse position")
                result[pos] = v
        return result

    def _values(self, tokens: bytes | bytearray) -> Iterator[int]:
        """value[0..n-1] of clause 9.5, steps 2a and 2b."""
        escapes = iter(self.escapes) if self.escapes is not None else None
        low = fields(self.low, self.n, self.low_bits) if self.low is not None else None
        for token in tokens:
            v = next(escapes) if escapes is not None and token == 255 else self.lo + token
            if low is not None:
                v = (v << self.low_bits) + next(low)
            yield v


def read_integer_block(
    reader: Reader, size: int, setting: Setting, trellis: Trellis | None, *, of_view: bool = True
) -> IntegerBlock:
    """Clause 8.1; ``trellis`` is given if the block has the trellis rules."""
    flags = reader.u8()
    offset = reader.field
    coder = flags & 7
    has_escapes, has_low, sparse = flags & 8 != 0, flags & 16 != 0, flags & 32 != 0
    reader.require(flags < 64 and coder <= ZSTD, "E_RESERVED", "flags of integer block")
    reader.require(PROFILE_OF[flags & 7] <= setting.profile, "E_PROFILE", "coder")
    fits = trellis is None or (coder == RANS and not has_low and not sparse)
    reader.require(fits, "E_TRELLIS", "flags of integer block")
    lo = reader.svarint()
    reader.require(abs(lo) <= LARGEST, "E_LIMIT", "lo")
    reader.require(trellis is None or lo % 2 == 0, "E_TRELLIS", "lo is odd")
    low_bits = 0
    if has_low:
        low_bits = reader.u8()
        reader.require(1 <= low_bits <= 24, "E_LIMIT", "low_bits")
    escapes = _read_escapes(reader, size, lo, trellis) if has_escapes else None
    background = 0
    n = size
    if sparse:
        background = reader.svarint()
        reader.require(abs(background) <= LARGEST, "E_LIMIT", "background")
        n = reader.varint()
        reader.require(1 <= n <= size, "E_LIMIT", "count")
    low = reader.take(run_size(n, low_bits)) if has_low else None
    gaps = read_symbol_block(reader, n, setting, of_view=False) if sparse else None
    data = read_symbol_data(reader, coder, n, setting, of_view=of_view and not sparse, trellis=trellis)
    return IntegerBlock(offset, size, n, lo, low_bits, escapes, background, low, gaps, data)


def _read_escapes(reader: Reader, size: int, lo: int, trellis: Trellis | None) -> array[int]:
    """escape_count and escape[escape_count]."""
    count = reader.varint()
    reader.require(1 <= count <= size, "E_LIMIT", "escape_count")
    escapes = array("i")
    for _ in range(count):
        escape = reader.svarint()
        reader.require(abs(escape) <= LARGEST, "E_LIMIT", "escape")
        reader.require(not lo <= escape <= lo + 254, "E_ESCAPE", "escape needs no escape")
        reader.require(trellis is None or escape % 2 == 1, "E_TRELLIS", "escape is even")
        escapes.append(escape)
    return escapes

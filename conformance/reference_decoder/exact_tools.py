"""Clauses 7.3, 7.4 (syntax) and 9.6: the tools planes and codebook, which keep bit patterns [R-530]."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise

from .bits import Reader
from .coding import Setting, SymbolData
from .errors import NntcError
from .integers import IntegerBlock, read_integer_block
from .symbols import read_symbol_block


@dataclass(slots=True)
class Planes:
    """Tool planes; plane 0 holds the most significant byte of each element."""

    width: int
    rotate: bool
    n: int
    planes: list[SymbolData]

    def integers(self) -> None:
        """There is no integer block."""

    def elements(self) -> bytearray:
        """Phase 3, then phase 5 (clause 9.6), in coded order [R-530]."""
        width = self.width
        tokens = [plane.decode().values for plane in self.planes]
        coded = bytearray(self.n * width)
        for k in range(width):
            coded[width - 1 - k :: width] = tokens[k]  # plane k is byte width-1-k
            tokens[k] = b""
        if self.rotate:
            for at in range(0, len(coded), width):
                u = int.from_bytes(coded[at : at + width], "little")
                u = u // 2 + u % 2 * 2 ** (8 * width - 1)
                coded[at : at + width] = u.to_bytes(width, "little")
        return coded


def read_planes(reader: Reader, width: int, is_float: bool, setting: Setting) -> Planes:
    """Clause 7.3."""
    flags = reader.u8()
    reader.require(flags <= 1, "E_RESERVED", "flags of planes")
    reader.require(flags == 0 or is_float, "E_TYPE", "rotate with opaque elements")
    n = setting.view.n
    planes = [read_symbol_block(reader, n, setting, of_view=True) for _ in range(width)]
    return Planes(width, flags == 1, n, planes)


@dataclass(slots=True)
class Codebook:
    """Tool codebook; ``entries`` are the elements, in ``width`` bytes, little-endian."""

    width: int
    entries: list[bytes]
    indices: IntegerBlock

    def integers(self) -> array[int]:
        """Phases 3 and 4: the index of each element."""
        return self.indices.integers(self.indices.decode_tokens())

    def elements(self) -> bytearray:
        """Phases 3 to 5 (clause 9.6), in coded order [R-530], [R-333]."""
        indices = self.integers()
        if min(indices) < 0 or max(indices) >= len(self.entries):
            raise NntcError("E_RANGE", self.indices.offset, "codebook index")
        coded = bytearray(self.indices.size * self.width)
        for i, index in enumerate(indices):
            coded[i * self.width : (i + 1) * self.width] = self.entries[index]
        return coded


def read_codebook(reader: Reader, width: int, setting: Setting) -> Codebook:
    """Clause 7.4."""
    entry_width = reader.u8()
    reader.require(1 <= entry_width <= width, "E_CODEBOOK", "entry_width")
    count = reader.varint()
    reader.require(1 <= count <= 65536, "E_LIMIT", "number of entries")
    raw = bytes(reader.take(count * entry_width))
    stored = [raw[at : at + entry_width] for at in range(0, len(raw), entry_width)]
    numbers = [int.from_bytes(entry, "little") for entry in stored]
    ascending = all(a < b for a, b in pairwise(numbers))
    reader.require(ascending, "E_CODEBOOK", "entries are not strictly ascending")
    entries = [bytes(width - entry_width) + entry for entry in stored]
    return Codebook(width, entries, read_integer_block(reader, setting.view.n, setting, None))

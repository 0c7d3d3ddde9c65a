"""Clauses 7.3, 7.4 (syntax) and 9.6: the tools planes and codebook, which keep bit patterns [R-530]."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from .bits import Reader
from .coding import Setting, SymbolData
from .errors import NntcError
from .integers import IntegerBlock, read_integer_block
from .symbols import read_symbol_block


class Common(NamedTuple):
    """Elements that are coded by their token of plane 0 alone; ``others`` is *count*, read at ``offset``."""

    elements: dict[int, bytes]
    others: int
    offset: int


@dataclass(slots=True)
class Planes:
    """Tool planes; plane 0 holds the most significant byte of each element."""

    width: int
    rotate: bool
    common: Common | None
    planes: list[SymbolData]

    def integers(self) -> None:
        """There is no integer block."""

    def elements(self) -> bytearray:
        """Phase 3, then phase 5 (clause 9.6), in coded order [R-530]."""
        tokens = [plane.decode().values for plane in self.planes]
        if self.common is None:
            return self._joined(tokens)
        known = self.common.elements
        first = tokens[0]
        tokens[0] = bytes(token for token in first if token not in known)
        if len(tokens[0]) != self.common.others:
            raise NntcError("E_RANGE", self.common.offset, "number of elements that are not common")
        others = self._joined(tokens)
        coded = bytearray()
        at = 0
        for token in first:
            if token in known:
                coded += known[token]
            else:
                coded += others[at : at + self.width]
                at += self.width
        return coded

    def _joined(self, tokens: list[bytes | bytearray]) -> bytearray:
        """Elements that have a token in every plane."""
        width = self.width
        coded = bytearray(len(tokens[0]) * width)
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
    reader.require(flags <= 3, "E_RESERVED", "flags of planes")
    rotate, has_common = bool(flags & 1), bool(flags & 2)
    reader.require(not rotate or is_float, "E_TYPE", "rotate with opaque elements")
    reader.require(not has_common or width > 1, "E_TYPE", "common elements of one byte")
    common = _read_common(reader, width, setting.view.n, setting.needs) if has_common else None
    planes = [read_symbol_block(reader, setting.view.n, setting, of_view=True)]
    n = setting.view.n if common is None else common.others
    planes += [read_symbol_block(reader, n, setting, of_view=common is None) for _ in range(width - 1)]
    return Planes(width, rotate, common, planes)


def _read_common(reader: Reader, width: int, elements: int, needs: list[int]) -> Common:
    """Clause 7.3: common_count, common, count."""
    common_count = reader.u8()
    reader.require(common_count >= 1, "E_LIMIT", "common_count")
    raw = bytes(reader.take(common_count * (1 + width)))
    entries = [raw[at : at + 1 + width] for at in range(0, len(raw), 1 + width)]
    ascending = all(a[0] < b[0] for a, b in pairwise(entries))
    reader.require(ascending, "E_CODEBOOK", "tokens are not strictly ascending")
    others = reader.varint()
    reader.require(1 <= others <= elements, "E_LIMIT", "count")
    needs.append(common_count * width)
    return Common({entry[0]: entry[1:] for entry in entries}, others, reader.field)


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
    setting.needs.append(count * width)
    entries = [bytes(width - entry_width) + entry for entry in stored]
    return Codebook(width, entries, read_integer_block(reader, setting.view.n, setting, None))

"""Clauses 8.2 and 8.3: symbol blocks and symbol data.

Reading (phase 2) gives an object whose ``decode`` (phase 3) gives the tokens.
"""

from __future__ import annotations

from .bits import Reader
from .coding import HUFFMAN, PACKED, PROFILE_OF, RANS, ZSTD, Setting, SymbolData
from .huffman import read_huffman
from .packed import read_compressed, read_packed
from .rans_syntax import read_rans
from .trellis import Trellis


def read_symbol_block(reader: Reader, n: int, setting: Setting, *, of_view: bool) -> SymbolData:
    """Clause 8.2. ``of_view``: whether this is a block of the view."""
    coder = reader.u8()
    reader.require(coder <= ZSTD, "E_RESERVED", "coder")
    reader.require(PROFILE_OF[coder] <= setting.profile, "E_PROFILE", "coder")
    return read_symbol_data(reader, coder, n, setting, of_view=of_view)


def read_symbol_data(
    reader: Reader, coder: int, n: int, setting: Setting, *, of_view: bool, trellis: Trellis | None = None
) -> SymbolData:
    """Clause 8.3."""

    def read_class_block(m: int) -> SymbolData:
        return read_symbol_block(reader, m, setting, of_view=False)

    if coder == PACKED:
        return read_packed(reader, n)
    if coder == RANS:
        return read_rans(reader, n, setting, of_view, trellis, read_class_block)
    if coder == HUFFMAN:
        huffman = read_huffman(reader, n)
        setting.needs.append(1024 + 16 * len(huffman.lanes))
        return huffman
    setting.needs.append(n + (262_144 if coder == ZSTD else 4_194_304))
    return read_compressed(reader, n, coder)

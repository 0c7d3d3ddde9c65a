"""Clause 8.6: the syntax of rANS symbol data, with class lists."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from .bits import Reader
from .coding import Setting, SymbolData
from .errors import NntcError
from .rans import Rans
from .tables import Table, read_tables
from .trellis import Trellis
from .views import MatrixView


@dataclass(frozen=True, slots=True)
class ClassList:
    """A class list of m classes; ``block`` is None if all are 0."""

    offset: int
    m: int
    block: SymbolData | None

    def decode(self) -> bytes | bytearray:
        """The classes (phase 3), with R-451 directly after the tokens, reported at *present*."""
        if self.block is None:
            return bytes(self.m)
        classes = self.block.decode().values
        if max(classes) > 63:
            raise NntcError("E_RANGE", self.offset, "class above 63")
        return classes


ReadBlock = Callable[[int], SymbolData]  # reads a symbol block of so many tokens, not a block of the view


def _read_class_list(reader: Reader, m: int, read_block: ReadBlock, needs: list[int]) -> ClassList:
    present = reader.u8()
    offset = reader.field
    reader.require(present <= 1, "E_RESERVED", "present")
    block = read_block(m) if present else None
    if present:
        needs.append(m)
    return ClassList(offset, m, block)


def read_rans(
    reader: Reader, n: int, setting: Setting, of_view: bool, trellis: Trellis | None, read_block: ReadBlock
) -> Rans:
    """Clause 8.6."""
    offset = reader.here()
    mode = reader.u8()
    reader.require(mode < 4, "E_RESERVED", "mode")
    contexts = mode & 1 == 1
    reader.require(not contexts or of_view, "E_VIEW", "contexts in no block of the view")

    context_count = 1
    class_lists: list[ClassList] = []
    if contexts:
        context_count = reader.varint()
        reader.require(2 <= context_count <= 64, "E_LIMIT", "context_count")
        view = setting.view
        class_lists.append(_read_class_list(reader, view.rows, read_block, setting.needs))
        if isinstance(view, MatrixView):
            class_lists.append(_read_class_list(reader, view.channels, read_block, setting.needs))
            class_lists.append(_read_class_list(reader, view.period, read_block, setting.needs))

    tables = _read_block_tables(reader, mode, context_count * (2 if trellis else 1), setting)

    segments = -(-n // (trellis.segment if trellis else 1))
    lanes = reader.varint()
    in_limits = 1 <= lanes <= 65536 and lanes <= segments
    steps = (trellis.segment if trellis else 1) * -(-segments // max(lanes, 1))
    reader.require(in_limits and steps <= 8192, "E_LIMIT", "lanes")
    word_count = reader.varint()
    states = list(struct.unpack(f"<{lanes}I", reader.take(4 * lanes)))
    reader.require(min(states) >= 2**16, "E_ENTROPY", "first state")
    words = reader.take(2 * word_count)
    setting.needs.append(576 * len(tables) + lanes * (16 + min(trellis.segment if trellis else 1, n)))
    return Rans(offset, n, setting.view, context_count, class_lists, tables, states, words, trellis)


def _read_block_tables(reader: Reader, mode: int, count: int, setting: Setting) -> list[Table]:
    """Shared tables base .. base+count-1, or own tables."""
    if mode & 2:
        base = reader.varint()
        reader.require(base + count <= len(setting.shared), "E_TABLE", "no such shared table")
        return setting.shared[base : base + count]
    return read_tables(reader, count)

"""Names used throughout clauses 8 and 9: tokens, symbol data that has been read, and the coders' numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .tables import Table
from .views import View

PACKED, RANS, HUFFMAN, BZIP2, ZSTD = range(5)
PROFILE_OF = {PACKED: 0, RANS: 0, HUFFMAN: 0, ZSTD: 1, BZIP2: 2}  # clause 13


class Tokens(NamedTuple):
    """The tokens of symbol data, one byte each; with trellis rules also the quantizer bit of each token."""

    values: bytes | bytearray
    quantizers: bytearray | None = None


class SymbolData(Protocol):
    """Symbol data of n tokens that has been read, but not decoded."""

    def decode(self) -> Tokens: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What the syntax of a TENSOR section depends on besides its own bytes."""

    profile: int
    shared: list[Table]
    view: View
    needs: list[int] = field(default_factory=lambda: [1024])
    """Clause 11.2: the terms of need(s), added as the fields that they follow from are read."""

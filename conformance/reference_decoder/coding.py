"""Names used throughout clauses 8 and 9: tokens, symbol data that has been read, and the coders' numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .tables import Table
from .views import View

PACKED, RANS, HUFFMAN, BZIP2, ZSTD = range(5)


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

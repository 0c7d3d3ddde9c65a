"""Frequency tables as the extension module takes them, and what it gives for tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from nntc.format.tables import FrequencyTable

TOKENS = np.tile(np.arange(256, dtype=np.uint8), 2)
QUANTIZERS = np.repeat(np.arange(2, dtype=np.uint8), 256)
"""Token and quantizer bit of token | bit << 8, as the extension module has them."""


@dataclass(frozen=True, slots=True, eq=False)
class ParsedTables(Sequence[FrequencyTable]):
    """Tables as the extension module has read them; each one is made when it is asked for.

    Parameters
    ----------
    firsts, lasts
        uint8 [tables]: first and last token of each.
    frequencies
        uint16 [tables, 256], of all tokens.
    """

    firsts: NDArray[np.uint8]
    lasts: NDArray[np.uint8]
    frequencies: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.firsts)

    @overload
    def __getitem__(self, number: int) -> FrequencyTable: ...

    @overload
    def __getitem__(self, number: slice) -> list[FrequencyTable]: ...

    def __getitem__(self, number: int | slice) -> FrequencyTable | list[FrequencyTable]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        first, last = int(self.firsts[number]), int(self.lasts[number])
        return FrequencyTable(first, self.frequencies[number, first : last + 1].astype(np.int64))


def frequencies_of(tables: Sequence[FrequencyTable]) -> NDArray[np.uint16]:
    """Return the frequencies of all 256 tokens, uint16 [tables, 256]."""
    if isinstance(tables, ParsedTables):
        return tables.frequencies
    frequencies = np.zeros((len(tables), 256), np.uint16)
    for row, table in zip(frequencies, tables, strict=True):
        row[table.first : table.first + table.frequencies.size] = table.frequencies
    return frequencies

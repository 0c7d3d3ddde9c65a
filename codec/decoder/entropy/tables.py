"""Frequency tables and their decoding tables (SPEC.md, "Frequency tables")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import FormatError
from codec.format.bits import BitReader
from codec.format.layout import SectionStream
from codec.format.registry import FREQUENCY_BITS, FREQUENCY_TOTAL

MAX_UNARY = 26
MAX_BIT_LENGTH = 12


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyTable:
    """Static frequencies of consecutive tokens.

    Parameters
    ----------
    first
        Token of the first frequency.
    frequencies
        int64 [count], sum 4096.
    """

    first: int
    frequencies: NDArray[np.int64]

    def slots(self) -> NDArray[np.uint32]:
        """Return uint32 [4096]: for each slot (slot - start) | token << 12 | (frequency - 1) << 20."""
        f = self.frequencies
        token = np.repeat(np.arange(self.first, self.first + f.size), f)
        offset = np.arange(FREQUENCY_TOTAL) - np.repeat(np.cumsum(f) - f, f)
        packed = offset | token << FREQUENCY_BITS | (np.repeat(f, f) - 1) << (8 + FREQUENCY_BITS)
        return packed.astype(np.uint32)


def read_tables(stream: SectionStream, count: int) -> list[FrequencyTable]:
    """Read one bit run of `count` frequency tables; E_TABLE where a table breaks a rule."""
    start = stream.at()
    bits = BitReader(stream)
    tables = [_read_table(bits, start) for _ in range(count)]
    bits.finish()
    return tables


def _read_table(bits: BitReader, start: int) -> FrequencyTable:
    first = bits.read(8)
    count = bits.read(8) + 1
    peak = bits.read(8)
    precision = bits.read(4)
    if first + count > 256 or peak >= count or precision >= MAX_BIT_LENGTH:
        raise FormatError("E_TABLE", "table head is out of range", start)
    frequencies = np.zeros(count, np.int64)
    length = 0
    for i in range(count):
        if i == peak:
            continue
        zigzag = bits.unary(MAX_UNARY)
        length += (zigzag >> 1) ^ -(zigzag & 1)
        if not 0 <= length <= MAX_BIT_LENGTH:
            raise FormatError("E_TABLE", "frequency length is out of range", start)
        if length:
            coded = min(length - 1, precision)
            frequencies[i] = ((1 << coded) | bits.read(coded)) << (length - 1 - coded)
    frequencies[peak] = FREQUENCY_TOTAL - frequencies.sum()
    if frequencies[peak] < 1 or frequencies[0] == 0 or frequencies[-1] == 0:
        raise FormatError("E_TABLE", "frequencies do not make a table", start)
    return FrequencyTable(first, frequencies)

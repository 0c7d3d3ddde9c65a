"""Frequency tables and the bit run that they are stored in.

Implements SPEC.md 6.4 and 8.7 (R-250, R-460).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format.bits import BitReader, BitWriter
from nntc.format.fields import SectionStream, VarInt
from nntc.format.rans import FREQUENCY_TOTAL

MAX_TABLES = 1024
TABLE_COUNT = VarInt().within("R-250", 1, MAX_TABLES, "E_LIMIT", "table count")
MAX_UNARY = 26
MAX_BIT_LENGTH = 12
"""Most bits of a frequency that is coded; the peak, which is not, may have one more."""


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


def read_tables(stream: SectionStream, count: int) -> list[FrequencyTable]:
    """Read one bit run of `count` frequency tables; E_TABLE at its first byte [R-460]."""
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


def write_tables(tables: Sequence[tuple[FrequencyTable, int]]) -> bytes:
    """Serialize tables, each with its precision, as one bit run."""
    bits = BitWriter()
    for table, precision in tables:
        frequencies = table.frequencies
        peak = peak_of(frequencies, precision)
        bits.write(table.first, 8)
        bits.write(frequencies.size - 1, 8)
        bits.write(peak, 8)
        bits.write(precision, 4)
        previous = 0
        for i, frequency in enumerate(frequencies.tolist()):
            if i == peak:
                continue
            length = frequency.bit_length()
            step = length - previous
            bits.unary(2 * step if step >= 0 else -2 * step - 1)
            previous = length
            coded = min(length - 1, precision)
            if length:
                bits.write((frequency >> (length - 1 - coded)) & ((1 << coded) - 1), coded)
    return bits.getvalue()


def bit_lengths(frequencies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of bits of each frequency, 0 for 0."""
    return np.frexp(frequencies.astype(np.float64))[1].astype(np.int64)


def peak_of(frequencies: NDArray[np.int64], precision: int) -> int:
    """Return the entry that the rest goes to: the one that the precision cannot hold, else the largest."""
    lengths = bit_lengths(frequencies)
    grain = np.maximum(lengths - 1 - precision, 0)
    coarse = np.flatnonzero((frequencies >> grain << grain != frequencies) | (lengths > MAX_BIT_LENGTH))
    return int(coarse[0]) if coarse.size else int(np.argmax(frequencies))

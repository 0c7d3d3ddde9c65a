"""Frequency tables and their decoding tables (SPEC.md, "Frequency tables")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format.bits import BitReader
from nntc.format.layout import SectionStream
from nntc.format.registry import FREQUENCY_BITS, FREQUENCY_TOTAL

MAX_UNARY = 26
MAX_BIT_LENGTH = 12
ENTRY_FREQUENCY = 16
"""Where in an entry of decoding tables the frequency begins."""


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


@dataclass(frozen=True, slots=True, eq=False)
class DecodingTables:
    """Several frequency tables, one behind the other, as a decoder looks tokens up.

    Every frequency of every table is an entry; entries are numbered through.

    Parameters
    ----------
    slots
        uint16 or, for more entries, uint32 [tables * 4096]: the entry that each slot belongs to.
    entries
        uint32 [entries]: frequency << 16 | parity of the token << 12 | slots of the table below the entry.
    tokens
        uint8 [entries].
    firsts
        int64 [tables + 1]: first entry of each table, and the number of all.
    """

    slots: NDArray[Any]
    entries: NDArray[np.uint32]
    tokens: NDArray[np.uint8]
    firsts: NDArray[np.int64]


def decoding_tables(tables: Sequence[FrequencyTable]) -> DecodingTables:
    """Return the decoding tables of frequency tables."""
    sizes = np.array([table.frequencies.size for table in tables])
    firsts = np.cumsum([0, *sizes])
    frequencies = np.concatenate([table.frequencies for table in tables])
    numbers = np.arange(frequencies.size)
    tokens = numbers - np.repeat(firsts[:-1] - [table.first for table in tables], sizes)
    starts = (np.cumsum(frequencies) - frequencies) & (FREQUENCY_TOTAL - 1)
    entries = frequencies << ENTRY_FREQUENCY | (tokens & 1) << FREQUENCY_BITS | starts
    return DecodingTables(
        np.repeat(numbers.astype(np.min_scalar_type(max(numbers.size, 256))), frequencies),
        entries.astype(np.uint32),
        tokens.astype(np.uint8),
        firsts,
    )


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

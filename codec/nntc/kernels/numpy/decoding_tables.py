"""Decoding tables of frequency tables.

Implements SPEC.md 8.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.rans import FREQUENCY_BITS, FREQUENCY_TOTAL
from nntc.format.tables import FrequencyTable

ENTRY_FREQUENCY = 16
"""Where in an entry of decoding tables the frequency begins."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodingTables:
    """Several frequency tables, one after the other, as a decoder looks tokens up.

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

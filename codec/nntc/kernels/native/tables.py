"""Frequency tables as the extension module takes them, and what it gives for tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nntc.format.tables import FrequencyTable

TOKENS = np.tile(np.arange(256, dtype=np.uint8), 2)
QUANTIZERS = np.repeat(np.arange(2, dtype=np.uint8), 256)
"""Token and quantizer bit of token | bit << 8, as the extension module has them."""


def frequencies_of(tables: Sequence[FrequencyTable]) -> NDArray[np.uint16]:
    """Return the frequencies of all 256 tokens, uint16 [tables, 256]."""
    frequencies = np.zeros((len(tables), 256), np.uint16)
    for row, table in zip(frequencies, tables, strict=True):
        row[table.first : table.first + table.frequencies.size] = table.frequencies
    return frequencies

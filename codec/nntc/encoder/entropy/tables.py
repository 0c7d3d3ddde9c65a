"""Make frequency tables (SPEC.md, "Frequency tables")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.format.rans import FREQUENCY_BITS, FREQUENCY_TOTAL
from nntc.format.tables import FrequencyTable, bit_lengths, peak_of

_PRECISIONS = (2, 3, 4, 6, 11)


def make_table(counts: NDArray[np.integer]) -> tuple[FrequencyTable, int]:
    """Return the table, and its precision, that costs least for tokens that occur so often.

    Parameters
    ----------
    counts
        Occurrences of tokens 0..255, rank 1, not all zero. Every token that occurs can be coded.

    Returns
    -------
    The table and the mantissa bits it is written with.
    """
    used = np.flatnonzero(counts)
    first, last = int(used[0]), int(used[-1])
    own = np.asarray(counts[first : last + 1], np.float64)
    best: tuple[float, NDArray[np.int64], int] = (np.inf, np.zeros(0, np.int64), 0)
    for precision in _PRECISIONS:
        frequencies = _quantize(own, precision)
        cost = -float(own[own > 0] @ np.log2(frequencies[own > 0] / FREQUENCY_TOTAL))
        cost += table_bits(frequencies, precision)
        if cost < best[0]:
            best = (cost, frequencies, precision)
    return FrequencyTable(first, best[1]), best[2]


_UNUSED = FrequencyTable(0, np.array([FREQUENCY_TOTAL])), 0


def make_tables(rows: NDArray[np.integer]) -> list[tuple[FrequencyTable, int]]:
    """Return `make_table` of each row of counts, and the smallest table for a row that counts nothing."""
    return [make_table(row) if row.any() else _UNUSED for row in rows]


def _quantize(counts: NDArray[np.float64], precision: int) -> NDArray[np.int64]:
    """Return frequencies with sum 4096 that a table of `precision` can hold; the largest takes the rest."""
    ideal = counts * (FREQUENCY_TOTAL / counts.sum())
    peak = int(np.argmax(counts))
    for shrink in range(64):
        # Rarely, rounding up many rare tokens leaves the peak too little: shrink the others a little.
        scaled = np.maximum(ideal * (1 - shrink / 64), 1)
        grain = np.maximum(np.floor(np.log2(scaled)) - precision, 0)
        quantized = np.rint(scaled / 2**grain) * 2**grain
        frequencies = np.where(counts > 0, np.minimum(quantized, FREQUENCY_TOTAL - 1), 0).astype(np.int64)
        rest = FREQUENCY_TOTAL - int(frequencies.sum()) + int(frequencies[peak])
        if rest >= max(1, ideal[peak] / 2):
            frequencies[peak] = rest
            return frequencies
    # As many tokens as there is room for: all alike.
    frequencies = np.where(counts > 0, 1, 0).astype(np.int64)
    frequencies[peak] = FREQUENCY_TOTAL - int(frequencies.sum()) + 1
    return frequencies


def table_bits(frequencies: NDArray[np.int64], precision: int) -> float:
    """Return the bits that a table takes in the file."""
    peak = peak_of(frequencies, precision)
    lengths = np.delete(bit_lengths(frequencies), peak)
    steps = np.diff(lengths, prepend=0)
    zigzag = np.where(steps >= 0, 2 * steps, -2 * steps - 1)
    mantissas = np.minimum(np.maximum(lengths - 1, 0), precision)
    return 28 + float(np.sum(zigzag + 1) + np.sum(mantissas))


def costs(table: FrequencyTable) -> NDArray[np.float64]:
    """Return bits of each token 0..255 under a table, float64 [256]; infinite where it cannot be coded."""
    bits = np.full(256, np.inf)
    coded = table.frequencies > 0
    bits[table.first + np.flatnonzero(coded)] = FREQUENCY_BITS - np.log2(table.frequencies[coded])
    return bits

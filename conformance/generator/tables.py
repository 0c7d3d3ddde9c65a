"""Frequency tables (SPEC.md, clause 8.7) as an encoder may write them, well or badly chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.generator.fields import bit_run

TOTAL = 4096
FULL_PRECISION = 11


@dataclass(frozen=True)
class Table:
    """A frequency table and the fields it is written with.

    Parameters
    ----------
    frequencies
        Of the tokens from `first` on, sum 4096.
    peak
        Index of the frequency that is not coded.
    precision
        Mantissa bits, 0..11; they must suffice for all the other frequencies.
    """

    first: int
    frequencies: tuple[int, ...]
    peak: int
    precision: int

    def fields(self) -> list[tuple[int, int]]:
        """Return the table as (value, width) fields of a bit run."""
        out = [(self.first, 8), (len(self.frequencies) - 1, 8), (self.peak, 8), (self.precision, 4)]
        previous = 0
        for i, f in enumerate(self.frequencies):
            if i == self.peak:
                continue
            length = f.bit_length()
            step = length - previous
            z = 2 * step if step >= 0 else -2 * step - 1
            out.append(((1 << z) - 1, z + 1))
            previous = length
            if length:
                m = min(length - 1, self.precision)
                out.append((f >> (length - 1 - m) & ((1 << m) - 1), m))
        return out

    def of(self, token: int) -> tuple[int, int]:
        """Return frequency and start of a token."""
        i = token - self.first
        if not self.frequencies[i]:
            raise ValueError(f"token {token} cannot be coded")
        return self.frequencies[i], sum(self.frequencies[:i])


def write_tables(tables: Iterable[Table]) -> bytes:
    """Return tables as one bit run."""
    return bit_run(f for table in tables for f in table.fields())


def table_for(tokens: Sequence[int]) -> Table:
    """Return a table in proportion to how often tokens occur; the commonest takes what is left."""
    if not tokens:
        return Table(0, (TOTAL,), 0, 0)
    counts = Counter(tokens)
    first, last = min(counts), max(counts)
    frequencies = [0] * (last - first + 1)
    for token, count in counts.items():
        # Rounded down from a total that leaves room for one each.
        frequencies[token - first] = 1 + count * (TOTAL - len(counts)) // len(tokens)
    peak = max(range(len(frequencies)), key=lambda i: frequencies[i])
    frequencies[peak] += TOTAL - sum(frequencies)
    return Table(first, tuple(frequencies), peak, FULL_PRECISION)


def spread(first: int, count: int) -> Table:
    """Return a table with `count`, a power of two, equal frequencies."""
    return Table(first, (TOTAL // count,) * count, 0, 0)

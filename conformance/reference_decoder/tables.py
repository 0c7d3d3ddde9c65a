"""Clauses 6.4 and 8.7: frequency tables of rANS, shared or own."""

from __future__ import annotations

from functools import cached_property

from .bits import BitRun, Reader
from .container import Entry


class Table:
    """A frequency table and, built when first used, its decoding table (clause 8.7)."""

    def __init__(self, first: int, frequencies: list[int]) -> None:
        self.first = first
        self.frequencies = frequencies

    @cached_property
    def decoding(self) -> tuple[list[int], list[int], bytes]:
        """frequency(v), start(v) for each token v, and token(slot) for each slot 0..4095."""
        frequency = [0] * 256
        frequency[self.first : self.first + len(self.frequencies)] = self.frequencies
        start = [0] * 256
        for v in range(1, 256):
            start[v] = start[v - 1] + frequency[v - 1]
        return frequency, start, b"".join(bytes([v]) * frequency[v] for v in range(256))


def read_tables(reader: Reader, count: int) -> list[Table]:
    """One bit run of ``count`` frequency tables; E_TABLE at its first byte [R-460], E_PADDING at its last."""
    run = BitRun(reader)
    tables = [_read_table(run) for _ in range(count)]
    run.finish()
    return tables


def _read_table(run: BitRun) -> Table:
    """The process of clause 8.7 [R-460]."""

    def require(holds: bool, text: str) -> None:
        run.reader.require(holds, "E_TABLE", text, at=run.start)

    first = run.bits(8)
    last_index = run.bits(8)
    peak = run.bits(8)
    precision = run.bits(4)
    require(first + last_index <= 255 and peak <= last_index and precision <= 11, "head of the table")
    previous = 0
    frequencies = [0] * (last_index + 1)
    for i in range(last_index + 1):
        if i == peak:
            continue
        z = 0
        while run.bit() == 1:
            z += 1
            require(z <= 26, "unary code is too long")
        previous += z // 2 if z % 2 == 0 else -(z + 1) // 2
        require(0 <= previous <= 12, "bit length of a frequency")
        if previous > 0:
            m = min(previous - 1, precision)
            frequencies[i] = ((1 << m) + run.bits(m)) << (previous - 1 - m)
    frequencies[peak] = 4096 - sum(frequencies)
    require(frequencies[peak] >= 1, "frequencies exceed 4096")
    require(frequencies[0] > 0 and frequencies[last_index] > 0, "table begins or ends with 0")
    return Table(first, frequencies)


def read_tables_section(data: bytes, entry: Entry) -> list[Table]:
    """Clause 6.4: the TABLES section."""
    reader = Reader(data, entry.start)
    count = reader.varint()
    reader.require(1 <= count <= 1024, "E_LIMIT", "number of shared tables")
    tables = read_tables(reader, count)
    reader.finish()
    return tables

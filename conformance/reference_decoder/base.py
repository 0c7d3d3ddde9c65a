"""Clause 6.9: the base of an update, files that decoding needs beside the file."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from .bits import Reader
from .container import Source
from .errors import NntcError

CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class BaseEntry:
    """A *base* of clause 6.1."""

    size: int
    sha256: bytes


class Base:
    """The base files back to back, in the order of GRAPH; ``sources`` are those that the caller has given."""

    def __init__(self, entries: list[BaseEntry]) -> None:
        self.entries = entries
        self.starts = [0, *accumulate(entry.size for entry in entries)]
        self.sources: list[Source] = []

    @property
    def size(self) -> int:
        """B of R-206."""
        return self.starts[-1]

    def holds(self, start: int, size: int) -> bool:
        """Whether one base file holds all of ``size`` bytes from ``start`` on; size is at least 1."""
        if not 0 <= start < self.size:
            return False
        return start + size <= self.starts[bisect_right(self.starts, start)]

    def give(self, files: Sequence[Source], at: int) -> None:
        """Find each base file among those given, in any order; ``at`` is the first byte of GRAPH [R-216]."""
        known: dict[BaseEntry, Source] = {}
        sizes = {entry.size for entry in self.entries}
        for file in files:
            if file.size in sizes:
                known.setdefault(BaseEntry(file.size, _sha256(file)), file)
        for number, entry in enumerate(self.entries):
            if entry not in known:
                raise NntcError("E_BASE", at, f"base file {number} is not given")
            self.sources.append(known[entry])

    def read(self, start: int, size: int) -> Iterator[bytes]:
        """The bytes of a range that the base holds, in stretches."""
        number = bisect_right(self.starts, start) - 1
        at = start - self.starts[number]
        end = at + size
        while at < end:
            yield self.sources[number].read(at, min(CHUNK, end - at))
            at += CHUNK


def _sha256(file: Source) -> bytes:
    digest = hashlib.sha256()
    for at in range(0, file.size, CHUNK):
        digest.update(file.read(at, min(CHUNK, file.size - at)))
    return digest.digest()


def read_base(reader: Reader) -> Base:
    """Clause 6.1: base_count and the base."""
    count = reader.varint()
    reader.require(count <= 2048, "E_LIMIT", "base_count")
    entries: list[BaseEntry] = []
    for _ in range(count):
        size = reader.varint()
        reader.require(size < 2**48, "E_LIMIT", "size of a base file")
        entries.append(BaseEntry(size, bytes(reader.take(32))))
    return Base(entries)

"""A cache for files that are expensive to ask: it reads ahead, merges ranges, and keeps what was read.

A file is cut into blocks. What is read is fetched in whole blocks, all that are missing at once; reading on
where the last fetch ended fetches twice as much each time. So header, directory and graph of most files come
with the first request, and a whole file in a few.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from nntc.forks import tell_after_fork

BLOCK = 1 << 16
CAPACITY = 512
"""Blocks that are kept: 32 MiB."""
_MOST_AHEAD = 64
"""Blocks that are fetched at once beyond what was asked for: 4 MiB."""
_HOLE = 2
"""Blocks that are fetched although they are there, or nobody has asked for them, to save a request."""


class Ranges(Protocol):
    """A file that can be asked for ranges of its bytes."""

    def start(self, length: int) -> bytes:
        """Return the first bytes, fewer only if the file is shorter; called once and first."""

    @property
    def size(self) -> int:
        """Bytes of the file, once it has been started."""

    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly that many bytes, which the file has."""

    def close(self) -> None:
        """Close it."""


class CachedSource:
    """A source on top of ranges; several threads may read.

    Parameters
    ----------
    ranges
        The file; it is started here, and closed with the source.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._begin()
        tell_after_fork(self)
        try:
            first = ranges.start(BLOCK)
        except BaseException:
            ranges.close()
            raise
        self.size = ranges.size
        if first:
            self._blocks[0] = first

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next, self._ahead = 1, 0  # block after the last fetch, and how many more it has fetched

    def after_fork(self) -> None:
        """Forget what a thread that is no more was changing."""
        if self._lock.locked():
            self._begin()

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end.

        Raises
        ------
        SourceError
            E_SOURCE, E_SOURCE_CHANGED.
        """
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        with self._lock:
            if end - offset > CAPACITY * BLOCK // 2:
                self._next = -(-end // BLOCK)
                return self._ranges.fetch(offset, end - offset)
            first, last = offset // BLOCK, (end - 1) // BLOCK
            missing = [number for number in range(first, last + 1) if number not in self._blocks]
            if missing:
                self._ahead = min(2 * self._ahead or 1, _MOST_AHEAD) if missing[0] == self._next else 0
                for number in range(first, last + 1):
                    if number in self._blocks:
                        self._blocks.move_to_end(number)  # or fetching could drop it
                self._fetch(missing[0], missing[-1] + self._ahead)
            return self._cut(offset, end)

    def prefetch(self, spans: Iterable[tuple[int, int]]) -> None:
        """Fetch what will be read soon in few requests, as much as the cache holds.

        Parameters
        ----------
        spans
            Offset and length of each stretch.
        """
        wanted = {
            number
            for offset, length in spans
            if length
            for number in range(offset // BLOCK, (min(offset + length, self.size) - 1) // BLOCK + 1)
        }
        with self._lock:
            missing = sorted(wanted - self._blocks.keys())[: CAPACITY // 2]
            runs: list[list[int]] = []
            for number in missing:
                if runs and number - runs[-1][1] <= _HOLE + 1:
                    runs[-1][1] = number
                else:
                    runs.append([number, number])
            for first, last in runs:
                self._fetch(first, last)

    def close(self) -> None:
        """Close the file and forget what was read."""
        with self._lock:
            self._blocks.clear()
            self._ranges.close()

    def _fetch(self, first: int, last: int) -> None:
        """Fetch blocks first..last, as far as the file has them."""
        start, end = first * BLOCK, min((last + 1) * BLOCK, self.size)
        data = self._ranges.fetch(start, end - start)
        for number in range(first, last + 1):
            block = data[(number - first) * BLOCK : (number - first + 1) * BLOCK]
            if block:
                self._blocks[number] = block
                self._blocks.move_to_end(number)
        self._next = last + 1
        while len(self._blocks) > CAPACITY:
            self._blocks.popitem(last=False)

    def _cut(self, offset: int, end: int) -> bytes:
        """Return bytes of blocks that are all there."""
        pieces = []
        for number in range(offset // BLOCK, (end - 1) // BLOCK + 1):
            self._blocks.move_to_end(number)
            start = number * BLOCK
            pieces.append(self._blocks[number][max(offset - start, 0) : end - start])
        return b"".join(pieces)

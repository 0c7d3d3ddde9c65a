"""Stretches of a file that are still missing."""

from __future__ import annotations

from collections.abc import Iterator


class Spans:
    """A set of bytes of a file, as stretches from a first byte to the one after a last."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the stretches in order; none touches another."""
        return iter(self._spans)

    def __bool__(self) -> bool:
        """Return whether anything is in it."""
        return bool(self._spans)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return sum(end - start for start, end in self._spans)

    def add(self, start: int, end: int) -> None:
        """Put a stretch in."""
        if start >= end:
            return
        apart = [span for span in self._spans if span[1] < start or span[0] > end]
        touching = [span for span in self._spans if not (span[1] < start or span[0] > end)]
        merged = (min([start, *(a for a, _ in touching)]), max([end, *(b for _, b in touching)]))
        self._spans = sorted([*apart, merged])

    def remove(self, start: int, end: int) -> None:
        """Take a stretch out."""
        kept = []
        for a, b in self._spans:
            kept += [(a, min(b, start)), (max(a, end), b)]
        self._spans = [span for span in kept if span[0] < span[1]]

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return what is in it of a stretch."""
        cut = ((max(a, start), min(b, end)) for a, b in self._spans)
        return [span for span in cut if span[0] < span[1]]

"""Stretches of bytes found again in a base: a greedy search with an index of blocks.

Blocks of the base at multiples of their size are indexed; every place of the new bytes is looked up, and
what is found is extended in both directions. So every repetition of nearly two blocks is found, and shorter
ones where a stretch begins or ends as the base goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
LEAST = 24
"""Bytes of a range that is worth its splice."""
LEAST_NEXT = 6
"""Likewise of one that goes on where the base does: its offset is 0, or that of the tensors around it."""
_CHUNK = 1 << 20
_FACTORS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True, slots=True)
class Found:
    """Bytes, and where they are in the base; None for bytes that are not."""

    start: int | None
    data: memoryview


class RangeFinder:
    """An index of stretches of a base.

    Parameters
    ----------
    stretches
        Where in the base each begins, ascending, and its bytes.
    """

    def __init__(self, stretches: Sequence[tuple[int, memoryview]]) -> None:
        self._places = [start for start, _ in stretches]
        self._ends = list(accumulate(len(data) for _, data in stretches))
        self._text = np.frombuffer(b"".join(data for _, data in stretches), np.uint8)
        whole = self._text[: self._text.size // BLOCK * BLOCK].view("<u8").reshape(-1, 2)
        hashes = whole[:, 0] * _FACTORS[0] + whole[:, 1] * _FACTORS[1]
        self._hashes, first = np.unique(hashes, return_index=True)
        self._blocks = first.astype(np.int64) * BLOCK

    def find(self, data: memoryview, before: int | None = None, after: int | None = None) -> Iterator[Found]:
        """Yield bytes in order, cut where they are found in the base and where not.

        Parameters
        ----------
        before, after
            Places in the base where what stands before the bytes ends, and where what follows begins.
        """
        new = np.frombuffer(data, np.uint8)
        head = self._same_after(new, before)
        head = head if head >= LEAST_NEXT else 0
        tail = self._same_before(new[head:], after)
        tail = tail if tail >= LEAST_NEXT else 0
        end = new.size - tail
        if head and before is not None:
            yield Found(before, data[:head])
        at = head
        for start, stop, text_at in self._matches(new[:end], head):
            if start > at:
                yield Found(None, data[at:start])
            yield Found(self._place(text_at), data[start:stop])
            at = stop
        if at < end:
            yield Found(None, data[at:end])
        if tail and after is not None:
            yield Found(after - tail, data[end:])

    def _matches(self, new: NDArray[np.uint8], at: int) -> Iterator[tuple[int, int, int]]:
        """Yield where ranges of the new bytes begin and end, and where the first is in the text."""
        for chunk in range(at, max(new.size - BLOCK + 1, at), _CHUNK):
            if chunk + _CHUNK <= at:
                continue
            for found, text_at in self._lookups(new, max(chunk, at), chunk + _CHUNK):
                if found < at:
                    continue
                text_start, text_end = self._bounds(text_at)
                forward = _same(new[found:], self._text[text_at:text_end])
                back = _same(new[at:found][::-1], self._text[text_start:text_at][::-1])
                if forward + back >= LEAST:
                    yield found - back, found + forward, text_at - back
                    at = found + forward

    def _lookups(self, new: NDArray[np.uint8], start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield places of new bytes whose block is in the text, and where it is there."""
        part = np.ascontiguousarray(new[start : stop + BLOCK - 1])
        count = part.size - BLOCK + 1
        if count < 1 or not self._hashes.size:
            return
        words = np.zeros(part.size - 7, np.uint64)
        for shift in range(8):
            own = part[shift : shift + (part.size - shift) // 8 * 8].view("<u8")
            words[shift::8] = own
        hashes = words[:count] * _FACTORS[0] + words[8 : count + 8] * _FACTORS[1]
        numbers = np.minimum(np.searchsorted(self._hashes, hashes), self._hashes.size - 1)
        for place in np.flatnonzero(self._hashes[numbers] == hashes):
            yield start + int(place), int(self._blocks[numbers[place]])

    def _bounds(self, text_at: int) -> tuple[int, int]:
        """Return where the stretch begins and ends that a place of the text is in."""
        number = bisect_right(self._ends, text_at)
        return self._ends[number - 1] if number else 0, self._ends[number]

    def _place(self, text_at: int) -> int:
        number = bisect_right(self._ends, text_at)
        return self._places[number] + text_at - (self._ends[number - 1] if number else 0)

    def _text_at(self, place: int, *, is_end: bool) -> int | None:
        """Return where a place of the base is in the text; with `is_end` it is where bytes end."""
        number = bisect_right(self._places, place - is_end) - 1
        if number < 0:
            return None
        start = self._ends[number - 1] if number else 0
        at = start + place - self._places[number]
        return at if at < self._ends[number] + is_end else None

    def _same_after(self, new: NDArray[np.uint8], place: int | None) -> int:
        at = None if place is None else self._text_at(place, is_end=False)
        return 0 if at is None else _same(new, self._text[at : self._bounds(at)[1]])

    def _same_before(self, new: NDArray[np.uint8], place: int | None) -> int:
        at = None if place is None else self._text_at(place, is_end=True)
        return 0 if at is None else _same(new[::-1], self._text[self._bounds(at - 1)[0] : at][::-1])


def _same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Return how many bytes at the beginning are the same."""
    most = min(one.size, other.size)
    at, step = 0, 64
    while at < most:
        stop = min(at + step, most)
        differ = one[at:stop] != other[at:stop]
        if differ.any():
            return at + int(np.argmax(differ))
        at, step = stop, min(4 * step, 1 << 20)
    return most

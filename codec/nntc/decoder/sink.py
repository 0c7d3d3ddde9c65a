"""Receivers of decoded files: the protocol, and one that keeps them in memory.

Implements SPEC.md 9.2.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Protocol


class Sink(Protocol):
    """Receives the files of a model one after the other."""

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""

    def write(self, data: memoryview) -> None:
        """Append to the current file bytes that nobody changes any more."""

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""


class MemorySink:
    """Keeps the files in memory."""

    def __init__(self) -> None:
        self._files: list[tuple[str | None, _Pieces]] = []

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        self._files.append((name, _Pieces()))

    def write(self, data: memoryview) -> None:
        """Append to the current file."""
        self._files[-1][1].append(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        return self._files[file][1].read(offset, length)

    def files(self) -> dict[str | None, bytes]:
        """Return the files by name, the model under None."""
        return {name: pieces.join() for name, pieces in self._files}


class _Pieces:
    """A file as what was written: joined once, where a growing buffer would be copied again and again."""

    def __init__(self) -> None:
        self._pieces: list[memoryview | bytearray] = []
        self._ends: list[int] = []

    def append(self, data: memoryview) -> None:
        if data.nbytes >= _LARGE:
            self._pieces.append(data)
            self._ends.append(self._ends[-1] if self._ends else 0)
        elif self._pieces and isinstance(self._pieces[-1], bytearray):
            self._pieces[-1] += data
        else:
            self._pieces.append(bytearray(data))
            self._ends.append(self._ends[-1] if self._ends else 0)
        self._ends[-1] += data.nbytes

    def read(self, offset: int, length: int) -> bytes:
        found = bytearray()
        for number in range(bisect_right(self._ends, offset), len(self._pieces)):
            start = self._ends[number] - len(self._pieces[number])
            found += self._pieces[number][max(offset - start, 0) : offset + length - start]
            if self._ends[number] >= offset + length:
                break
        return bytes(found)

    def join(self) -> bytes:
        return b"".join(self._pieces)


_LARGE = 1 << 16
"""Bytes that are worth keeping where they are: any number of smaller pieces are one."""

"""Receivers of decoded files: the protocol, one that keeps them in memory, one that keeps next to nothing.

Implements SPEC.md 9.2.
"""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from nntc.errors import OutputError, reason
from nntc.kernels.elements import new_bytes


class Sink(Protocol):
    """Receives the files of a model one after the other."""

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""

    def write(self, data: memoryview, *, again: bool = False) -> None:
        """Append to the current file bytes that nobody changes any more; `again` if they will be reread."""

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""


class MemorySink:
    """Keeps the files in memory."""

    def __init__(self) -> None:
        self._files: list[tuple[str | None, _Pieces | _Room]] = []
        self._sizes: deque[int] = deque()

    def expect(self, sizes: Iterable[int]) -> None:
        """Say how long the next files are, each at most: what is written is put in its place at once."""
        self._sizes.extend(sizes)

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        room = new_bytes(self._sizes.popleft()) if self._sizes else None
        self._files.append((name, _Pieces() if room is None else _Room(*room)))

    def write(self, data: memoryview, *, again: bool = False) -> None:  # noqa: ARG002 - all of it may be
        """Append to the current file."""
        self._files[-1][1].append(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        return self._files[file][1].read(offset, length)

    def files(self) -> dict[str | None, bytes]:
        """Return the files by name, the model under None."""
        return {name: pieces.join() for name, pieces in self._files}


class CheckSink:
    """Keeps only what will be reread, in a temporary file where that is much: the files are not wanted."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._begins: list[int] = []  # of the files, back to back
        self._at = 0
        self._places, self._kept = array("q"), array("q")  # of each span that is kept: where, and where here
        self.kept = 0
        """Bytes that are kept."""

    def begin(self, name: str | None) -> None:  # noqa: ARG002 - nobody asks for it
        """Begin the next file; None names the model itself."""
        self._begins.append(self._at)

    def write(self, data: memoryview, *, again: bool = False) -> None:
        """Append to the current file."""
        if again:
            self._places.append(self._at)
            self._kept.append(self.kept)
            with _reporting():
                self._file.seek(self.kept)
                self._file.write(data)
            self.kept += data.nbytes
        self._at += data.nbytes

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier, all of them kept."""
        place = self._begins[file] + offset
        span = bisect_right(self._places, place) - 1
        with _reporting():
            self._file.seek(self._kept[span] + place - self._places[span])
            return self._file.read(length)

    def close(self) -> None:
        """Remove what is kept."""
        self._file.close()


@contextmanager
def _reporting() -> Iterator[None]:
    """Turn OSError into OutputError, E_OUTPUT."""
    try:
        yield
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot make temporary files (TMPDIR): {reason(e)}") from e


class _Room:
    """A file in memory that was there for all of it."""

    def __init__(self, content: bytes, room: memoryview) -> None:
        self._content, self._room, self._end = content, room, 0

    def append(self, data: memoryview) -> None:
        self._room[self._end : self._end + data.nbytes] = data
        self._end += data.nbytes

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._room[offset : min(offset + length, self._end)])

    def join(self) -> bytes:
        self._room.release()
        return self._content if self._end == len(self._content) else self._content[: self._end]


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


_IN_MEMORY = 1 << 20
_LARGE = 1 << 16
"""Bytes that are worth keeping where they are: any number of smaller pieces are one."""

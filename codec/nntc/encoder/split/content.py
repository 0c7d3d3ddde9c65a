"""Content of a model's file, read when it is asked for.

Files are read rather than mapped into memory: a map of a file that somebody cuts off ends the process with a
signal, and one of a file that is overwritten changes what has been read already.
"""

from __future__ import annotations

import hashlib
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntc.errors import SourceError, reason
from nntc.sources.source import FileSource

_BLOCK = 1 << 16
"""Bytes that are read at least: those who walk a model ask for few at a time."""
_CHUNK = 1 << 24


class FileContent:
    """Bytes of a regular file by slices of step 1, each of which stays valid when the file is closed.

    Parameters
    ----------
    path
        The file; raises OSError if it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._source = FileSource(path)
        self._state = _state(self._source.status())
        self._block = 0, b""  # where it begins; what was read last of what is small
        self._alive: weakref.WeakValueDictionary[tuple[int, int], NDArray[np.uint8]] = (
            weakref.WeakValueDictionary()
        )

    def __len__(self) -> int:
        return self._source.size

    def __getitem__(self, where: slice) -> memoryview:
        """Return bytes; raises SourceError, E_SOURCE_CHANGED, if the file has become shorter."""
        start, stop, _ = where.indices(len(self))
        length = max(stop - start, 0)
        if length < _BLOCK:
            return self._small(start, length)
        kept = self._alive.get((start, length))
        if kept is None:
            kept = np.frombuffer(self._source.read(start, length), np.uint8)
            self._alive[start, length] = kept
        return kept.data

    def _small(self, start: int, length: int) -> memoryview:
        begin, block = self._block
        if not begin <= start <= start + length <= begin + len(block):
            begin, block = start, self._source.read(start, _BLOCK)
            self._block = begin, block
        return memoryview(block[start - begin : start - begin + length])

    def __bytes__(self) -> bytes:
        return self._source.read(0, len(self))

    def check_unchanged(self) -> None:
        """Raise E_SOURCE_CHANGED if the file was written to, or another has its name, since it was opened."""
        try:
            is_same = self._state == _state(self._source.status()) == _state(self._path.stat())
        except FileNotFoundError:
            is_same = False
        except OSError as e:
            raise SourceError("E_SOURCE", f"cannot read {self._path}: {reason(e)}") from e
        if not is_same:
            raise SourceError("E_SOURCE_CHANGED", f"{self._path}: was changed while it was read")

    def leave(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the file after work that ended with an exception of some kind; `check_unchanged`."""
        try:
            if kind is None or issubclass(kind, Exception):
                self.check_unchanged()
        finally:
            self._source.close()


Content = FileContent | memoryview
"""What a file holds: both have a length, and slices that are memoryviews."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Bytes of a content, read when they are asked for: a model may be larger than the memory."""

    content: Content
    start: int
    nbytes: int

    @classmethod
    def of(cls, data: memoryview) -> Stretch:
        """Return a stretch that is in memory."""
        return cls(data, 0, data.nbytes)

    def part(self, start: int, nbytes: int) -> Stretch:
        """Return a stretch of this one."""
        return Stretch(self.content, self.start + start, nbytes)

    def read(self) -> memoryview:
        """Return the bytes."""
        return self.content[self.start : self.start + self.nbytes]

    def digest(self) -> bytes:
        """Return their SHA-256."""
        found = hashlib.sha256()
        for at in range(0, self.nbytes, _CHUNK):
            found.update(self.part(at, min(_CHUNK, self.nbytes - at)).read())
        return found.digest()


def open_content(path: Path, opened: ExitStack) -> Content:
    """Return the content of a file, which `opened` checks and closes; of a stream, all that it gives.

    Leaving `opened` raises SourceError, E_SOURCE_CHANGED, in the place of other errors too: a file that has
    been changed is why.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return memoryview(path.read_bytes())
    content = FileContent(path)
    opened.push(content.leave)
    return content


def digest(content: Content) -> bytes:
    """Return the SHA-256 of a file's content, which need not fit into memory."""
    return Stretch(content, 0, len(content)).digest()


def chunks(content: Content) -> Iterator[memoryview]:
    """Yield a content in order, some of it at a time."""
    for start in range(0, len(content), _CHUNK):
        yield content[start : start + _CHUNK]


def _state(status: os.stat_result) -> tuple[int, ...]:
    """Return what is another after any change of a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

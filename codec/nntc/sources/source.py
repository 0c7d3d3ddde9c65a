"""Where a `.nntc` file's bytes come from: memory, a mapped file, or anything with ranges."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Source(Protocol):
    """Random access to the bytes of a file; an HTTP client with range requests can be one."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""


class BytesSource:
    """A file held in memory, or mapped into it."""

    def __init__(self, data: bytes | bytearray | memoryview | mmap.mmap) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        return bytes(self._data[offset : offset + length])


class FileSource:
    """A file on disk, mapped; a context manager."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with Path(path).open("rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            # An empty file cannot be mapped.
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else None

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        return b"" if self._map is None else self._map[offset : offset + length]

    def close(self) -> None:
        """Unmap the file."""
        if self._map is not None:
            self._map.close()


SourceLike = str | os.PathLike[str] | bytes | bytearray | memoryview | Source


def as_source(source: SourceLike) -> Source:
    """Return a source for a path, a buffer, or a source itself."""
    if isinstance(source, str | os.PathLike):
        return FileSource(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return BytesSource(memoryview(source).cast("B"))
    if isinstance(source, Source):
        return source
    raise TypeError(f"expected a path, bytes or a Source, got {type(source).__name__}")

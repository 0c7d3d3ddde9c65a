"""Random access to the bytes of a `.nntc` file: in memory, on disk, behind a URL, or anything with ranges."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import Protocol, runtime_checkable

from nntc.errors import SourceError, reason


@runtime_checkable
class Source(Protocol):
    """Random access to the bytes of a file; a client of any store with range requests can be one."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""


_SPAN = 1 << 20


def sha256_of(source: Source, start: int = 0, length: int | None = None) -> bytes:
    """Return the SHA-256 of the bytes of a source from `start` on, all or `length` of them."""
    digest = hashlib.sha256()
    end = source.size if length is None else start + length
    for at in range(start, end, _SPAN):
        digest.update(source.read(at, min(_SPAN, end - at)))
    return digest.digest()


class BytesSource:
    """A file held in memory."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        return bytes(self._data[offset : offset + length])

    def close(self) -> None:
        """Do nothing: the memory is the caller's."""


class FileSource:
    """A file on disk, which several threads may read, and processes that were forked since.

    Parameters
    ----------
    path
        A regular file that can be opened; raises OSError otherwise.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        kind = os.stat(path).st_mode  # noqa: PTH116 - of whatever is given
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # opening a pipe would wait for its writer
            raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
        self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by `close`
        weakref.finalize(self, self._file.close)  # or by whoever forgets that, as one forgets bytes
        self.size = os.fstat(self._file.fileno()).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end.

        Raises
        ------
        SourceError
            E_SOURCE_CHANGED: the file has become shorter. E_SOURCE: the system cannot read it.
        """
        wanted = max(min(length, self.size - offset), 0)
        try:
            data = _read_at(self._file, offset, wanted)
        except OSError as e:
            raise SourceError("E_SOURCE", f"cannot read {self._path}: {reason(e)}") from e
        if len(data) != wanted:
            raise SourceError("E_SOURCE_CHANGED", f"{self._path}: was cut off while it was read")
        return data

    def status(self) -> os.stat_result:
        """Return what the system knows of the file."""
        return os.fstat(self._file.fileno())

    def close(self) -> None:
        """Close the file; all that was asked for has been read."""
        with suppress(OSError):
            self._file.close()


_MOST_AT_ONCE = 1 << 30
"""Bytes that are asked for in one call: no system gives more than 2 GiB."""
_POSITION = threading.Lock()


def _read_at(file: RawIOBase, offset: int, length: int) -> bytes:
    """Return bytes of a file, fewer only at its end.

    Where the system can read at a place, the file has no position that threads, or forked processes, could
    take from each other.
    """
    found = []
    while length:
        wanted = min(length, _MOST_AT_ONCE)
        if hasattr(os, "pread"):
            part = os.pread(file.fileno(), wanted, offset)
        else:
            with _POSITION:
                file.seek(offset)
                part = file.read(wanted) or b""
        if not part:
            break
        found.append(part)
        offset, length = offset + len(part), length - len(part)
    return found[0] if len(found) == 1 else b"".join(found)


SourceLike = str | os.PathLike[str] | bytes | bytearray | memoryview | Source | RawIOBase | BufferedIOBase

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
"""A scheme has two letters at least: one is a drive of Windows."""


def is_url(source: object) -> bool:
    """Return whether a source is the URL of a file, not its path."""
    return isinstance(source, str) and _URL.match(source) is not None


@contextmanager
def opened(source: SourceLike) -> Iterator[Source]:
    """Give a source for a path, URL or buffer, and close it afterwards; one that is a source stays open."""
    made, own = open_source(source)
    try:
        yield made
    finally:
        if own is not None:
            own.close()


class Closable(Protocol):
    """What has to be closed."""

    def close(self) -> None:
        """Close it."""


def open_source(source: SourceLike) -> tuple[Source, Closable | None]:
    """Return a source for what is one, or can be made one; and what is to be closed, if anything.

    A binary file, such as a pipe, is read once and forward: that is enough for decoding, not for looking
    around.

    Raises
    ------
    SourceError
        E_SOURCE: a URL cannot be read.
    ImportError
        A URL needs a package that is not installed.
    OSError
        A path cannot be opened.
    """
    made: BytesSource | FileSource
    if isinstance(source, str) and is_url(source):
        from nntc.sources.url import open_url

        remote = open_url(source)
        return remote, remote
    if isinstance(source, str | os.PathLike):
        made = FileSource(source)
    elif isinstance(source, bytes | bytearray | memoryview):
        made = BytesSource(memoryview(source).cast("B"))
    elif isinstance(source, RawIOBase | BufferedIOBase):
        from nntc.sources.stream import StreamSource

        stream = StreamSource(source)
        return stream, stream
    elif isinstance(source, Source):
        return source, None
    else:
        found = type(source).__name__
        raise TypeError(f"expected a path, a URL, bytes, a binary file or a Source, got {found}")
    return made, made

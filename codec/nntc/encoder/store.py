"""Bytes put aside in a temporary file without a name, and files that consist of them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO

from nntc.errors import OutputError, reason
from nntc.format.container import digest_of

_IN_MEMORY = 1 << 23
"""Bytes up to which there is no file."""
_CHUNK = 1 << 22


class Store:
    """Bytes put aside; the file is gone when nobody has any of them.

    Parameters
    ----------
    folder
        Where the file is; None for the system's folder of temporary files, as where there can be none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._small = bytearray()
        self._size = 0
        self._lock = threading.Lock()

    def put(self, data: bytes) -> Stored:
        """Put bytes aside; raises OutputError, E_OUTPUT."""
        with self._lock:
            stored = Stored(self, self._size, len(data), digest_of(data))
            try:
                if self._file is None and self._size + len(data) > _IN_MEMORY:
                    self._file = self._open()
                    self._file.write(self._small)
                    self._small.clear()
                if self._file is None:
                    self._small += data
                else:
                    self._file.seek(self._size)
                    self._file.write(data)
            except OSError as e:
                raise OutputError("E_OUTPUT", f"cannot write temporary files: {reason(e)}") from e
            self._size += len(data)
            return stored

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes that were put aside; raises OutputError, E_OUTPUT."""
        with self._lock:
            if self._file is None:
                return bytes(self._small[offset : offset + length])
            try:
                self._file.seek(offset)
                return self._file.read(length)
            except OSError as e:
                raise OutputError("E_OUTPUT", f"cannot read temporary files: {reason(e)}") from e

    def _open(self) -> IO[bytes]:
        file = None
        if self._folder is not None:
            with contextlib.suppress(OSError):
                file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the store
        file = file or tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, file.close)
        return file


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Bytes in a store, and their digest (SPEC.md 5.4)."""

    store: Store
    offset: int
    length: int
    digest: bytes

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self.length

    def read(self) -> bytes:
        """Return the bytes."""
        return self.store.read(self.offset, self.length)


class Joined:
    """Pieces back to back, as the bytes of one file: a `nntc.sources.source.Source`.

    Parameters
    ----------
    pieces
        Each in memory, or put aside.
    """

    def __init__(self, pieces: Sequence[bytes | Stored]) -> None:
        self._pieces = pieces
        self._ends = list(accumulate(map(len, pieces)))

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self._ends[-1] if self._ends else 0

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        parts = []
        number = bisect_right(self._ends, offset)
        while length > 0 and number < len(self._pieces):
            piece = self._pieces[number]
            at = offset - self._ends[number] + len(piece)
            span = min(length, len(piece) - at)
            if isinstance(piece, Stored):
                parts.append(piece.store.read(piece.offset + at, span))
            else:
                parts.append(piece[at : at + span])
            offset, length, number = offset + span, length - span, number + 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in order, some at a time."""
        for offset in range(0, self.size, _CHUNK):
            yield self.read(offset, _CHUNK)

    def tobytes(self) -> bytes:
        """Return all bytes."""
        return self.read(0, self.size)

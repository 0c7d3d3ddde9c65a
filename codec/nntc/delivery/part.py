"""A `.nntc` file that is being fetched: which sections are there and true, and which bytes are missing.

Header and directory come first; signed metadata have their SHA-256, and the directory has a digest of each
section. So every stretch is checked as soon as it is whole, and only what is damaged is fetched again. What
was fetched by another process, or before the power went, is checked in the same way: nothing but the file
itself is believed.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from nntc.decoder.directory import read_directory
from nntc.decoder.places import reporting
from nntc.delivery.release import Release
from nntc.delivery.spans import Spans
from nntc.errors import DeliveryError, FormatError

_PIECE = 1 << 20
_SYNC = 4 << 20
"""Bytes after which what was written is forced to storage."""


class DamagedHeadError(Exception):
    """What was sent for header and directory is something else."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes that are checked together: header and directory, or a section.

    Parameters
    ----------
    start, end
        First byte, and the one after the last.
    digest
        First bytes of their SHA-256, or all of it.
    """

    start: int
    end: int
    digest: bytes


class Part:
    """A file that is being fetched; a context manager.

    Parameters
    ----------
    path
        Of the unfinished file, which may be there from an earlier time.
    release
        What it will be.
    """

    def __init__(self, path: Path, release: Release) -> None:
        self.path, self._release = path, release
        self.size = release.file.length
        self.missing = Spans()
        self.damaged: dict[int, int] = {}
        """First byte of a stretch -> how often it has come damaged in this process."""
        self.written = 0
        """Bytes that were written in this process."""
        head = release.head
        self._stretches = [Stretch(0, head.length, bytes.fromhex(head.sha256))]
        self._good = [False]
        self._unforced = 0
        with reporting(self.path):
            path.touch(0o600)
            self._file = path.open("r+b", buffering=0)
        try:
            self._find_what_is_there()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Force to storage what is there, and close the file."""
        try:
            if not self._file.closed:
                self._force()
        finally:
            self._file.close()

    @property
    def fetched(self) -> int:
        """Bytes that are there."""
        return self.size - self.missing.size

    def wanted(self) -> tuple[int, int]:
        """Return the first stretch that is missing: its first byte, and the one after its last."""
        return next(iter(self.missing))

    def write(self, start: int, data: bytes) -> int:
        """Take bytes that were sent, and return where the next ones belong.

        Bytes that are not missing are left out, also those past the end.

        Parameters
        ----------
        start
            Their place in the file.
        data
            The bytes.

        Raises
        ------
        DamagedHeadError
            The first bytes are not those of the file; they are missing again.
        OutputError
            E_OUTPUT: they cannot be written.
        """
        end = start + len(data)
        with reporting(self.path):
            for a, b in self.missing.within(start, end):
                self._file.seek(a)
                left = memoryview(data)[a - start : b - start]
                while left:
                    count = self._file.write(left) or 0
                    left = left[count:]
                self.missing.remove(a, b)
                self.written += b - a
                self._unforced += b - a
                self._check(a, b)
            if self._unforced >= _SYNC:
                self._force()
        return end

    def check_whole(self) -> None:
        """Compare the SHA-256 of the file with that of the metadata; E_TRUST if it differs."""
        digest = hashlib.sha256()
        with reporting(self.path):
            self._force()
            for at in range(0, self.size, _PIECE):
                digest.update(self._read(at, min(at + _PIECE, self.size)))
        if digest.hexdigest() != self._release.file.sha256:
            message = f"{self._release.path}: all sections are those that were signed, the file is not"
            raise DeliveryError("E_TRUST", message)

    def _find_what_is_there(self) -> None:
        with reporting(self.path):
            self._file.truncate(min(os.fstat(self._file.fileno()).st_size, self.size))
            there = os.fstat(self._file.fileno()).st_size
            self.missing.add(there, self.size)
            try:
                self._check(0, there)
            except DamagedHeadError:  # nothing can be told of what follows
                self.missing.add(0, self.size)
            self.damaged.clear()

    def _check(self, start: int, end: int) -> None:
        """Check stretches that have bytes of a span, and are whole now."""
        number = bisect_right(self._stretches, start, key=lambda stretch: stretch.start) - 1
        while number < len(self._stretches) and self._stretches[number].start < end:
            stretch = self._stretches[number]
            if not self._good[number] and not self.missing.within(stretch.start, stretch.end):
                self._judge(number, stretch)
            number += 1

    def _judge(self, number: int, stretch: Stretch) -> None:
        digest = hashlib.sha256()
        for at in range(stretch.start, stretch.end, _PIECE):
            digest.update(self._read(at, min(at + _PIECE, stretch.end)))
        if digest.digest()[: len(stretch.digest)] == stretch.digest:
            self._good[number] = True
            if number == 0:
                self._learn()
            return
        self.missing.add(stretch.start, stretch.end)
        self.damaged[stretch.start] = self.damaged.get(stretch.start, 0) + 1
        if number == 0:
            raise DamagedHeadError

    def _learn(self) -> None:
        """Take the sections from the directory, which is true."""
        try:
            directory = read_directory(_Source(self))
        except FormatError as e:
            message = f"{self._release.path}: what was signed is no .nntc file: {e}"
            raise DeliveryError("E_TRUST", message) from e
        sections = [section for section in directory.sections if section.length]
        found = [Stretch(s.offset, s.offset + s.length, s.digest) for s in sections]
        if directory.sections[0].offset != self._release.head.length:
            raise DeliveryError("E_TRUST", f"{self._release.path}: metadata and file differ about its head")
        self._stretches += found
        self._good += [False] * len(found)

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start) or b""

    def _force(self) -> None:
        os.fsync(self._file.fileno())
        self._unforced = 0


class _Source:
    """The file as the decoder reads it, as long as it will be."""

    def __init__(self, part: Part) -> None:
        self._part, self.size = part, part.size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of header and directory."""
        return self._part._read(offset, offset + length)

"""Clause 9.2, steps 6 to 9 (assembling and checking the output files) and clause 10 (writing them)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import BinaryIO, Protocol

from .bits import Buffer
from .errors import NntcError
from .graph import OutputEntry, directories_of

CHUNK = 2**20


class Sink(Protocol):
    """Where output files go, one after another."""

    def begin(self, number: int) -> None: ...

    def write(self, data: Buffer) -> None: ...

    def read(self, number: int, offset: int, size: int) -> bytes: ...


class Assembler:
    """The sequence of bytes of clause 9.2, cut into output files. ``at``: the number of bytes put so far."""

    def __init__(self, files: list[OutputEntry], sink: Sink) -> None:
        self.files = files
        self.sink = sink
        self.starts = array("Q", [0])
        for file in files:
            self.starts.append(self.starts[-1] + file.size)
        self.total = self.starts[-1]
        self.at = 0
        self.current = -1
        self.hash = hashlib.sha256()
        self.hashes: list[bytes] = []

    def _next_file(self) -> None:
        if self.current >= 0:
            self.hashes.append(self.hash.digest())
        self.current += 1
        self.hash = hashlib.sha256()
        if self.current < len(self.files):
            self.sink.begin(self.current)

    def put(self, data: Buffer) -> None:
        """Append bytes; the caller has checked that they fit in the total."""
        rest = memoryview(data)
        while len(rest) > 0:
            while self.current < 0 or self.at == self.starts[self.current + 1]:
                self._next_file()
            piece = rest[: min(CHUNK, self.starts[self.current + 1] - self.at)]
            self.sink.write(piece)
            self.hash.update(piece)
            self.at += len(piece)
            rest = rest[len(piece) :]

    def repeat(self, start: int, size: int) -> None:
        """Append again the ``size`` bytes at ``start``, which lie in one output file."""
        number = self._file_at(start)
        while size > 0:
            count = min(CHUNK, size)
            self.put(self.sink.read(number, start - self.starts[number], count))
            start += count
            size -= count

    def _file_at(self, at: int) -> int:
        return bisect_right(self.starts, at) - 1

    def fits(self, size: int) -> bool:
        """Whether one output file holds all bytes at .. at+size-1 (R-214; size is at least 1)."""
        number = self._file_at(self.at)
        return number < len(self.files) and self.at + size <= self.starts[number + 1]

    def finish(self) -> None:
        """Step 9: the hash of each output file in order, reported at 0 [R-502], [R-204]."""
        while self.current < len(self.files):
            self._next_file()
        for file, digest in zip(self.files, self.hashes, strict=True):
            if file.sha256 != digest:
                raise NntcError("E_HASH", 0, f"output file {file.name or 'number 0'}")


class MemorySink:
    """Keeps the output files in memory."""

    def __init__(self) -> None:
        self.files: list[bytearray] = []

    def begin(self, number: int) -> None:
        """Start the next output file."""
        self.files.append(bytearray())

    def write(self, data: Buffer) -> None:
        """Append to the output file started last."""
        self.files[-1] += data

    def read(self, number: int, offset: int, size: int) -> bytes:
        """Bytes written before."""
        return bytes(self.files[number][offset : offset + size])


class NotWritten(Exception):
    """Caller or system do not allow the output to be written; no fault of the file [R-602] to [R-606]."""


def windows_keeps(name: str) -> bool:
    """Whether Windows has a file of exactly this name (R-606)."""
    devices = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    devices |= {kind + digit for kind in ("COM", "LPT") for digit in "0123456789\xb9\xb2\xb3"}
    return not any(
        any(character in ':*?"<>|' for character in component)
        or component.endswith((".", " "))
        or component.split(".")[0].rstrip(" ").upper() in devices
        for component in name.split("/")
    )


def _check_other(target: Path, done: list[Path]) -> None:
    """NotWritten if an output file has been put at this place before, under whatever name [R-603]."""
    if target.exists() and any(target.samefile(own) for own in done):
        raise NotWritten(f"{target} is another output file too")


class DirectorySink:
    """Writes to temporary files beside ``path``, which ``publish`` renames when all is checked [R-600]."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary: list[Path] = []
        self.file: BinaryIO | None = None
        self.aside: list[tuple[Path, Path]] = []  # a file that was there before, and where it is meanwhile
        self.done: list[Path] = []  # new files that have their names

    def begin(self, number: int) -> None:
        """Start the next output file, under a temporary name in the directory of output file 0 [R-600]."""
        self._close()
        handle, name = tempfile.mkstemp(prefix=".nntc-", dir=self.path.parent)
        self.temporary.append(Path(name))
        self.file = os.fdopen(handle, "wb")

    def _close(self) -> None:
        if self.file is not None:
            self.file.flush()
            os.fsync(self.file.fileno())  # forced to storage
            self.file.close()
            self.file = None

    def write(self, data: Buffer) -> None:
        """Append to the output file started last."""
        assert self.file is not None
        self.file.write(data)

    def read(self, number: int, offset: int, size: int) -> bytes:
        """Bytes written before."""
        if self.file is not None:
            self.file.flush()
        with self.temporary[number].open("rb") as source:
            source.seek(offset)
            return source.read(size)

    def publish(self, names: list[str], replace: bool) -> None:
        """Rename all, output file 0 last [R-600]; NotWritten if that is not allowed [R-602] to [R-608]."""
        self._close()
        made: list[Path] = []
        try:
            self._check_path(self.path)
            for name in names:
                self._check(name, replace)
            if names:
                self._put_aside(self.path)  # before any other file is new
            for name, temporary in zip(names, self.temporary[1:], strict=True):
                for directory in directories_of(name):
                    self._make(self.path.parent / directory, made, replace)
                target = self.path.parent / name
                _check_other(target, self.done)
                if replace:
                    self._put_aside(target)
                self._rename(temporary, target)
            _check_other(self.path, self.done)
            os.replace(self.temporary[0], self.path)
        except BaseException as problem:
            self._take_back(made)
            if isinstance(problem, OSError | NotWritten):
                raise NotWritten(str(problem)) from None
            raise
        for _, old in self.aside:
            with contextlib.suppress(OSError):  # all is in place
                old.unlink()
        self.temporary = []

    def _put_aside(self, target: Path) -> None:
        """Give a file that is about to be replaced another name, to be put back if all fails [R-607]."""
        if os.path.lexists(target):
            old = self.path.parent / f"{self.temporary[0].name}.{len(self.aside)}.old"
            self.aside.append((target, old))
            os.replace(target, old)

    def _rename(self, temporary: Path, target: Path) -> None:
        target.open("xb").close()  # created exclusively; fails if it exists
        self.done.append(target)
        os.replace(temporary, target)

    def _take_back(self, made: list[Path]) -> None:
        """Remove what is new and put back what was there before, output file 0 last [R-601], [R-607]."""
        for target in self.done:
            target.unlink(missing_ok=True)
        for empty in reversed(made):
            with contextlib.suppress(OSError):
                empty.rmdir()
        for target, old in reversed(self.aside):
            if old.exists():
                os.replace(old, target)

    def _check_path(self, path: Path) -> None:
        """Whether an output file may have this name, by what has it now [R-608]."""
        if os.path.lexists(path):
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) or not mode & 0o222:
                raise NotWritten(f"{path} is no regular file, or read-only")

    def _check(self, name: str, replace: bool) -> None:
        """What can be said before anything is renamed."""
        if name == self.path.name:
            raise NotWritten(f"{name} is also the name of output file 0")
        if os.name == "nt" and not windows_keeps(name):
            raise NotWritten(f"Windows has no file {name}")
        self._check_path(self.path.parent / name)
        own = {self.path.name, *(path.name for path in self.temporary)}
        others = any(entry.name not in own for entry in self.path.parent.iterdir())
        if not replace and others and any(part.startswith(".") for part in name.split("/")):
            raise NotWritten(f"{name} would be hidden among other files")

    def _make(self, directory: Path, made: list[Path], replace: bool) -> None:
        """Make a directory for output files; use one that was there only if told to [R-605], a link never."""
        if directory.is_symlink():
            raise NotWritten(f"{directory} is a link")
        if directory.is_dir():
            if not replace and not any(directory.samefile(own) for own in made):
                raise NotWritten(f"{directory} exists")
        else:
            directory.mkdir()
            made.append(directory)

    def discard(self) -> None:
        """Remove what has been written [R-601]."""
        if self.file is not None:
            self.file.close()
            self.file = None
        for temporary in self.temporary:
            temporary.unlink(missing_ok=True)
        self.temporary = []

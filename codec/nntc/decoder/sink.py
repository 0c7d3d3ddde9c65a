"""Where decoded files go: all of them complete under their names, or none (SPEC.md, "Output")."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from nntc.errors import OutputError
from nntc.format.names import fold


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


class FolderSink:
    """Writes temporary files beside the target and renames them when all are complete.

    Parameters
    ----------
    target
        The model's path; external data goes into the same folder.
    replace_external
        Whether external data may replace existing files: their names come from the input, not from
        whoever runs the decoder.

    Raises
    ------
    OutputError
        E_OUTPUT_EXISTS, E_OUTPUT.
    """

    def __init__(self, target: Path, *, replace_external: bool = False) -> None:
        self._target = target
        self._replace_external = replace_external
        self._files: list[tuple[Path, Path]] = []  # final path, temporary path
        self._current: BinaryIO | None = None
        self._earlier: tuple[int, BinaryIO] | None = None  # number of a finished file, opened for reading

    @property
    def _handle(self) -> BinaryIO:
        if self._current is None:
            raise ValueError("no file has begun")
        return self._current

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        final = self._target if name is None else self._target.parent / name
        if name is not None:
            if fold(name) == fold(self._target.name):
                raise OutputError("E_OUTPUT_EXISTS", f"external data would replace the model: {final}")
            if not self._replace_external and os.path.lexists(final):
                raise OutputError("E_OUTPUT_EXISTS", f"external data exists already: {final}")
        with _reporting(final):
            if final.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if self._current is not None:
                self._current.close()
            handle, path = tempfile.mkstemp(prefix=".nntc-", suffix=".part", dir=final.parent)
            self._files.append((final, Path(path)))
            self._current = os.fdopen(handle, "w+b")

    def write(self, data: memoryview) -> None:
        """Append to the current file."""
        handle = self._handle
        with _reporting(self._files[-1][0]):
            handle.write(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        with _reporting(self._files[file][0]):
            handle = self._reader(file)
            handle.seek(offset)
            data = handle.read(length)
            if handle is self._current:
                handle.seek(0, os.SEEK_END)
        return data

    def _reader(self, file: int) -> BinaryIO:
        if file == len(self._files) - 1:
            return self._handle
        if self._earlier is None or self._earlier[0] != file:
            self._close_earlier()
            self._earlier = file, self._files[file][1].open("rb")
        return self._earlier[1]

    def _close_earlier(self) -> None:
        if self._earlier is not None:
            self._earlier[1].close()
            self._earlier = None

    def __enter__(self) -> FolderSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove whatever temporary files there are."""
        self._close_earlier()
        if self._current is not None:
            # Closing writes what is still buffered, which may fail as any write; it is not wanted any more.
            with contextlib.suppress(OSError):
                self._current.close()
        for _, path in self._files:
            path.unlink(missing_ok=True)

    def _publish(self) -> None:
        """Put every file under its name, the model last: it is what a reader looks for."""
        self._close_earlier()
        with _reporting(self._target):
            if self._current is not None:
                self._current.close()
            mode = 0o666 & ~_umask()
            for _, path in self._files:
                path.chmod(mode)
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
        published: list[Path] = []
        try:
            for final, path in reversed(self._files):
                with _reporting(final):
                    if not os.path.lexists(final):
                        published.append(final)
                    path.replace(final)
        except OutputError:
            for final in published:
                final.unlink(missing_ok=True)
            raise


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, all of them complete before the first appears under its name.

    Raises
    ------
    OutputError
        E_OUTPUT.
    """
    with contextlib.ExitStack() as stack:
        for path, content in contents.items():
            sink = stack.enter_context(FolderSink(path))
            sink.begin(None)
            sink.write(memoryview(content))


@contextlib.contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into E_OUTPUT."""
    try:
        yield
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot write {path}: {e.strerror}") from e


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

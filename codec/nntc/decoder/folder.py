"""Decoded files in a folder: all of them complete under their names, or none.

Implements SPEC.md 10 (R-600 to R-602).
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nntc.decoder.places import Publication, check_place
from nntc.errors import OutputError


class FolderSink:
    """Writes temporary files beside the target and renames them when all are complete.

    Parameters
    ----------
    target
        The model's path; external data goes below the same folder.
    replace_external
        Whether external data may replace existing files, go into existing folders, and have hidden names in
        a folder that is not empty: its names come from the input, not from whoever runs the decoder.

    Raises
    ------
    OutputError
        E_OUTPUT_EXISTS, E_OUTPUT.
    """

    def __init__(self, target: Path, *, replace_external: bool = False) -> None:
        self._target = target
        self._replace_external = replace_external
        self._files: list[tuple[str | None, Path]] = []  # name, temporary path
        self._current: BinaryIO | None = None
        self._earlier: tuple[int, BinaryIO] | None = None  # number of a finished file, opened for reading

    @property
    def _handle(self) -> BinaryIO:
        if self._current is None:
            raise ValueError("no file has begun")
        return self._current

    def _final(self, file: int) -> Path:
        name = self._files[file][0]
        return self._target if name is None else self._target.parent / name

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        folder = self._target.parent
        final = self._target if name is None else folder / name
        with _reporting(final):
            if name is not None:
                own = {self._target.name, *(path.name for _, path in self._files)}
                check_place(folder, name, own, may_replace=self._replace_external)
            if final.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if self._current is not None:
                self._current.close()
            handle, path = tempfile.mkstemp(prefix=".nntc-", suffix=".part", dir=folder)
            self._files.append((name, Path(path)))
            self._current = os.fdopen(handle, "w+b")

    def write(self, data: memoryview) -> None:
        """Append to the current file."""
        handle = self._handle
        with _reporting(self._final(-1)):
            handle.write(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        with _reporting(self._final(file)):
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
        with Publication(self._target, may_replace=self._replace_external) as publication:
            for name, path in reversed(self._files):
                with _reporting(self._target if name is None else self._target.parent / name):
                    publication.put(path, name)


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

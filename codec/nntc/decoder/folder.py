"""Decoded files in a folder: all of them complete under their names, or none.

Implements SPEC.md 10 (R-600 to R-602, R-608).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nntc.decoder.places import Publication, check_place, reporting
from nntc.decoder.staging import Staging
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
        self._names: list[str | None] = []
        self._staging: Staging | None = None
        self._current: BinaryIO | None = None
        self._earlier: tuple[int, BinaryIO] | None = None  # number of a finished file, opened for reading

    @property
    def _handle(self) -> BinaryIO:
        if self._current is None:
            raise ValueError("no file has begun")
        return self._current

    @property
    def _staged(self) -> Staging:
        if self._staging is None:
            raise ValueError("no file has begun")
        return self._staging

    def _final(self, file: int) -> Path:
        name = self._names[file]
        return self._target if name is None else self._target.parent / name

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        folder = self._target.parent
        final = self._target if name is None else folder / name
        with reporting(final):
            if self._staging is None:
                self._staging = Staging(folder)
            if name is not None:
                own = {self._target.name, self._staging.path.name}
                check_place(folder, name, own, may_replace=self._replace_external)
            if final.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if name is None:
                _check_target(final)
            if self._current is not None:
                self._current.close()
            self._current = self._staging.part(len(self._names)).open("x+b")
            self._names.append(name)

    def write(self, data: memoryview, *, again: bool = False) -> None:  # noqa: ARG002 - all of it may be
        """Append to the current file."""
        handle = self._handle
        with reporting(self._final(-1)):
            handle.write(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        with reporting(self._final(file)):
            handle = self._reader(file)
            handle.seek(offset)
            data = handle.read(length)
            if handle is self._current:
                handle.seek(0, os.SEEK_END)
        return data

    def _reader(self, file: int) -> BinaryIO:
        if file == len(self._names) - 1:
            return self._handle
        if self._earlier is None or self._earlier[0] != file:
            self._close_earlier()
            self._earlier = file, self._staged.part(file).open("rb")
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
        if self._staging is not None:
            staging, self._staging = self._staging, None
            with reporting(self._target):
                staging.settle()

    def _publish(self) -> None:
        """Put every file under its name, the model last: it is what a reader looks for."""
        self._close_earlier()
        with reporting(self._target):
            if self._current is not None:
                self._current.close()
            for number in range(len(self._names)):
                with self._staged.part(number).open("rb+") as file:
                    _take_owner_and_mode(self._final(number), file.fileno())
                    os.fsync(file.fileno())
        Publication(self._target, self._names, self._staged, may_replace=self._replace_external).run()


def _check_target(path: Path) -> None:
    """Raise OSError where replacing what has this name would do something else than writing to it."""
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            kind = "it is a link, name what it leads to" if path.is_symlink() else "it is no regular file"
            raise OSError(errno.EINVAL, kind)
        if not status.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "it is read-only")


def _take_owner_and_mode(replaced: Path, handle: int) -> None:
    """Give a new file the owner and the mode of the one that it replaces, where it may."""
    with contextlib.suppress(OSError, AttributeError):  # not on Windows, nor as anybody
        status = replaced.lstat()
        if stat.S_ISREG(status.st_mode):
            os.fchmod(handle, stat.S_IMODE(status.st_mode))
            os.fchown(handle, status.st_uid, status.st_gid)
            os.fchmod(handle, stat.S_IMODE(status.st_mode))


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards; raises OutputError, E_OUTPUT, where there can be none."""
    with contextlib.ExitStack() as stack:
        try:
            made = tempfile.TemporaryDirectory(prefix="nntc-", ignore_cleanup_errors=True)
            folder = stack.enter_context(made)
        except OSError as e:
            raise OutputError("E_OUTPUT", f"cannot make temporary files (TMPDIR): {e.strerror}") from e
        yield Path(folder)


def write_files(contents: Mapping[Path, Iterable[bytes]]) -> None:
    """Write files, each in chunks, all of them complete before the first appears under its name.

    Raises
    ------
    OutputError
        E_OUTPUT.
    """
    with contextlib.ExitStack() as stack:
        for path, content in contents.items():
            sink = stack.enter_context(FolderSink(path))
            sink.begin(None)
            for chunk in content:
                sink.write(memoryview(chunk))

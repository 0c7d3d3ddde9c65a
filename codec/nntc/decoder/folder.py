"""Decoded files in a folder: all of them complete under their names, or none.

Implements SPEC.md 10 (R-600 to R-602, R-608).
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nntc.decoder.places import Publication, check_place, check_replaced, reporting
from nntc.decoder.staging import Staging
from nntc.errors import OutputError, reason


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
        final = self._target if name is None else self._target.parent / name
        with reporting(final):
            if self._staging is None:
                self.claim()
            if name is not None:
                self.check(name)
            if self._current is not None:
                self._current.close()
            self._current = self._staged.part(len(self._names)).open("x+b")
            self._names.append(name)

    def check(self, name: str) -> None:
        """Raise OutputError where a file beside the model may not have this name."""
        own = {self._target.name, self._staged.path.name}
        with reporting(self._target.parent / name):
            check_place(self._target.parent, name, own, may_replace=self._replace_external)

    def claim(self) -> None:
        """Keep others from writing the target until all is done; raises OutputError where it cannot be."""
        with reporting(self._target):
            check_replaced(self._target)
            self._staging = Staging(self._target.parent, self._target.name)

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
        self.claim()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.publish()
        finally:
            self.discard()  # what cannot be removed now, the next run removes

    def discard(self) -> None:
        """Remove whatever temporary files there are."""
        self._close_earlier()
        if self._current is not None:
            # Closing writes what is still buffered, which may fail as any write; it is not wanted any more.
            with contextlib.suppress(OSError):
                self._current.close()
        if self._staging is not None:
            staging, self._staging = self._staging, None
            with contextlib.suppress(OSError):
                staging.settle()

    def publish(self) -> None:
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


def _take_owner_and_mode(replaced: Path, handle: int) -> None:
    """Give a new file the owner and the mode of the one that it replaces, where it may."""
    with contextlib.suppress(OSError, AttributeError):  # not on Windows
        status = replaced.lstat()
        if not stat.S_ISREG(status.st_mode):
            return
        mode = stat.S_IMODE(status.st_mode)
        try:
            os.fchown(handle, status.st_uid, status.st_gid)
        except OSError:  # not as anybody; then others' rights to run it as its owner are not given either
            mode &= 0o777
        os.fchmod(handle, mode)


def _cause(error: OutputError) -> str:
    cause = error.__cause__
    return reason(cause) if isinstance(cause, OSError) else error.message


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards, and by the next run where this one is killed.

    Raises
    ------
    OutputError
        E_OUTPUT: there can be none, or what is in it cannot be written. Errors of other places stay.
    """
    try:
        staging = Staging(Path(tempfile.gettempdir()))
        folder = staging.path / "files"  # whose lock is still to be had
        folder.mkdir()
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot make temporary files (TMPDIR): {reason(e)}") from e
    try:
        yield folder
    except OutputError as e:
        if str(folder) not in e.message:
            raise
        # Nobody has named this place.
        raise OutputError("E_OUTPUT", f"cannot write temporary files (TMPDIR): {_cause(e)}") from e
    finally:
        with contextlib.suppress(OSError):
            staging.settle()

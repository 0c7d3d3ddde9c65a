"""Where decoded files go: all of them complete under their names, or none (SPEC.md, "Output")."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from codec.errors import OutputError


class Sink(Protocol):
    """Receives the files of a model one after the other."""

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""

    def write(self, data: memoryview) -> None:
        """Append to the current file."""

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""


class MemorySink:
    """Keeps the files in memory."""

    def __init__(self) -> None:
        self._buffers: list[tuple[str | None, io.BytesIO]] = []

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        self._buffers.append((name, io.BytesIO()))

    def write(self, data: memoryview) -> None:
        """Append to the current file."""
        self._buffers[-1][1].write(data)

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        return bytes(self._buffers[file][1].getbuffer()[offset : offset + length])

    def files(self) -> dict[str | None, bytes]:
        """Return the files by name, the model under None."""
        return {name: buffer.getvalue() for name, buffer in self._buffers}


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
        self._files: list[tuple[Path, Path, BinaryIO]] = []  # final path, temporary path, handle

    def begin(self, name: str | None) -> None:
        """Begin the next file; None names the model itself."""
        final = self._target if name is None else self._target.parent / name
        if name is not None:
            if final.name.lower() == self._target.name.lower():
                raise OutputError("E_OUTPUT_EXISTS", f"external data would replace the model: {final}")
            if final.exists() and not self._replace_external:
                raise OutputError("E_OUTPUT_EXISTS", f"external data exists already: {final}")
        try:
            handle, path = tempfile.mkstemp(prefix=".nntc-", suffix=".part", dir=final.parent)
        except OSError as e:
            raise OutputError("E_OUTPUT", f"cannot write in {final.parent}: {e.strerror}") from e
        self._files.append((final, Path(path), os.fdopen(handle, "w+b")))

    def write(self, data: memoryview) -> None:
        """Append to the current file."""
        try:
            self._files[-1][2].write(data)
        except OSError as e:
            raise OutputError("E_OUTPUT", f"cannot write {self._files[-1][0]}: {e.strerror}") from e

    def reread(self, file: int, offset: int, length: int) -> bytes:
        """Return bytes written earlier."""
        handle = self._files[file][2]
        handle.flush()
        return os.pread(handle.fileno(), length, offset)

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
        for _, path, handle in self._files:
            handle.close()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def _publish(self) -> None:
        """Put every file under its name, the model last: it is what a reader looks for."""
        umask = os.umask(0)
        os.umask(umask)
        try:
            for _, _, handle in self._files:
                handle.flush()
                os.fchmod(handle.fileno(), 0o666 & ~umask)
                os.fsync(handle.fileno())
            for final, path, _ in reversed(self._files):
                path.replace(final)
        except OSError as e:
            raise OutputError("E_OUTPUT", f"cannot write {e.filename}: {e.strerror}") from e

"""Small files that are there whole or not at all, whatever ends the process or the power."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from nntc.decoder.staging import sync_folder
from nntc.delivery.release import FileId

_PIECE = 1 << 20
_TEMPORARY = ".tmp-"


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file under another name, force it to storage, rename it, and force the name to storage.

    Parameters
    ----------
    path
        What has this name is replaced.
    data, mode
        Of the file.
    """
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            with contextlib.suppress(OSError, AttributeError):  # file systems without modes
                Path(name).chmod(mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def remove_temporary(folder: Path) -> None:
    """Remove what killed processes have left of `write_durably`; nobody else may be writing there."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def sync_file(path: Path) -> None:
    """Force a file that others have written to storage."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def file_id(path: Path) -> FileId:
    """Return SHA-256 and length of a file; OSError where it cannot be read."""
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            length += len(piece)
    return FileId(digest.hexdigest(), length)

"""Places that output files may take, and putting them there.

Implements SPEC.md 10 (R-602 to R-606).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from nntc.errors import OutputError
from nntc.format.names import folders_of, is_kept_by_windows

_IS_WINDOWS = os.name == "nt"
_ADVICE = "decode into an empty folder, or allow it (--replace-external)"


def check_place(folder: Path, name: str, own: Collection[str], *, may_replace: bool) -> None:
    """Check before anything is written that external data may go where its name says.

    Parameters
    ----------
    folder
        Folder of the model.
    name
        Name of the external data: a relative path (SPEC.md, clause 6.3).
    own
        Names in `folder` that belong to this decoding: the model's, and temporary files.
    may_replace
        Whether it may replace files, go into folders that exist, and be hidden among other files.

    Raises
    ------
    OutputError
        E_OUTPUT_EXISTS, E_OUTPUT.
    OSError
        The folder cannot be read.
    """
    final = folder / name
    if _IS_WINDOWS and not is_kept_by_windows(name):
        raise OutputError("E_OUTPUT", f"Windows has no files named {name!r}; decode on another system")
    if name in own:
        raise OutputError("E_OUTPUT_EXISTS", f"external data would replace the model: {final}")
    folders = [folder / inner for inner in folders_of(name)]
    for inner in folders:
        _check_folder(inner)
    if may_replace:
        return
    if os.path.lexists(final):
        raise _exists(f"external data exists already: {final}")
    if folders and folders[0].exists():
        raise _exists(f"folder of external data exists already: {folders[0]}")
    is_hidden = any(component.startswith(".") for component in name.split("/"))
    if is_hidden and any(entry.name not in own for entry in folder.iterdir()):
        raise _exists(f"external data would be hidden among other files: {final}")


def _exists(message: str) -> OutputError:
    return OutputError("E_OUTPUT_EXISTS", f"{message}; {_ADVICE}")


def _check_folder(folder: Path) -> None:
    """Raise E_OUTPUT for a link in the place of a folder, and for a file."""
    if _is_link(folder):
        raise OutputError("E_OUTPUT", f"{folder} is a link, which external data does not go through")
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def _is_link(path: Path) -> bool:
    is_junction = getattr(os.path, "isjunction", None)  # from Python 3.12 on
    return path.is_symlink() or bool(is_junction and is_junction(path))


class Publication:
    """Gives finished files their names; leaving it with an error takes everything back.

    Parameters
    ----------
    target
        The model's path.
    may_replace
        As for `check_place`.
    """

    def __init__(self, target: Path, *, may_replace: bool) -> None:
        self._target = target
        self._may_replace = may_replace
        self._written: set[tuple[int, int]] = set()  # device and inode
        self._new: list[Path] = []
        self._folders: dict[tuple[int, int], Path] = {}
        self._replaced: list[tuple[Path, Path]] = []  # what a file was, under another name

    def __enter__(self) -> Publication:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for path in self._new:
                path.unlink(missing_ok=True)
            for kept, path in self._replaced:
                kept.replace(path)
            for folder in reversed(self._folders.values()):
                with contextlib.suppress(OSError):  # somebody else has put something there
                    folder.rmdir()
        else:
            for kept, _ in self._replaced:
                kept.unlink(missing_ok=True)

    def put(self, finished: Path, name: str | None) -> None:
        """Rename a finished file to its name; None is the model's.

        Raises
        ------
        OutputError
            E_OUTPUT_EXISTS, E_OUTPUT.
        OSError
            The system refuses.
        """
        final = self._target if name is None else self._target.parent / name
        for folder in folders_of(name or ""):
            self._make_folder(self._target.parent / folder)
        if os.path.lexists(final):
            if _identity(final) in self._written:
                message = f"for this file system {final} is another output too; decode on one where it is not"
                raise OutputError("E_OUTPUT", message)
            if name is not None and not self._may_replace:
                raise _exists(f"external data exists already: {final}")
            if name is not None:
                self._keep(finished, final)
        else:
            self._new.append(final)
        finished.replace(final)
        self._written.add(_identity(final))

    def _make_folder(self, folder: Path) -> None:
        _check_folder(folder)
        try:
            folder.mkdir()
        except FileExistsError:
            if not self._may_replace and _identity(folder) not in self._folders:
                raise _exists(f"folder of external data exists already: {folder}") from None
        else:
            self._folders[_identity(folder)] = folder

    def _keep(self, finished: Path, final: Path) -> None:
        """Keep a file that is about to be replaced, where the file system can, until all are in place."""
        kept = finished.with_suffix(".old")
        with contextlib.suppress(OSError, NotImplementedError):
            os.link(final, kept, follow_symlinks=False)
            self._replaced.append((kept, final))


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino

"""Places that output files may take, and putting them there.

Implements SPEC.md 10 (R-602 to R-608).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from nntc.decoder.locks import only_one_in
from nntc.decoder.staging import Entry, Staging, sync_folder
from nntc.errors import OutputError, reason
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
        check_replaced(final)
        return
    if os.path.lexists(final):
        raise _exists(f"external data exists already: {final}")
    if folders and folders[0].exists():
        raise _exists(f"folder of external data exists already: {folders[0]}")
    is_hidden = any(component.startswith(".") for component in name.split("/"))
    if is_hidden and any(entry.name not in own for entry in folder.iterdir()):
        raise _exists(f"external data would be hidden among other files: {final}")


def check_replaced(path: Path) -> None:
    """Raise OSError where replacing what has this name would do something else than writing to it."""
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            kind = "it is a link, name what it leads to" if path.is_symlink() else "it is no regular file"
            raise OSError(errno.EINVAL, kind)
        if not status.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "it is read-only")


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
    """Gives finished files their names; settling the staging folder takes back a set that is not complete.

    Parameters
    ----------
    target
        The model's path.
    names
        Of the files, the model's None first; file i is part i in `staging`.
    may_replace
        As for `check_place`.
    """

    def __init__(
        self, target: Path, names: Sequence[str | None], staging: Staging, *, may_replace: bool
    ) -> None:
        self._target, self._names, self._staging = target, names, staging
        self._may_replace = may_replace
        self._written: set[tuple[int, int]] = set()  # device and inode
        self._folders: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Give all files their names, the model last.

        Of a set, the old model is moved aside first: it never stands beside new weights. One run at a time
        does this in a folder.

        Raises
        ------
        OutputError
            E_OUTPUT_EXISTS, E_OUTPUT.
        """
        with reporting(self._target), only_one_in(self._target.parent):
            try:
                self._prepare()
                self._name_all()
            except BaseException:
                self._staging.take_back()
                raise

    def _prepare(self) -> None:
        """Check places again, note in the journal what will be done, and move the old model aside."""
        entries = []
        for number, name in enumerate(self._names):
            if name is None or self._may_replace:
                check_replaced(self._place(name))
            inode = self._staging.part(number).stat().st_ino
            entries.append(Entry(name or self._target.name, inode, os.path.lexists(self._place(name))))
        if len(entries) == 1:
            return
        folders = {folder: None for name in self._names for folder in folders_of(name or "")}
        new = [folder for folder in folders if not (self._target.parent / folder).exists()]
        self._staging.write_journal(entries, new)
        if entries[0].replaces:
            self._target.rename(self._staging.kept(0))
            sync_folder(self._target.parent)

    def _name_all(self) -> None:
        places = [self._place(name) for name in self._names]
        for number in reversed(range(len(places))):
            with reporting(places[number]):
                if number == 0:
                    for folder in dict.fromkeys(place.parent for place in places[1:]):
                        sync_folder(folder)
                self.put(number)
        sync_folder(self._target.parent)

    def _place(self, name: str | None) -> Path:
        return self._target if name is None else self._target.parent / name

    def put(self, number: int) -> None:
        """Rename a finished file to its name.

        Raises
        ------
        OutputError
            E_OUTPUT_EXISTS, E_OUTPUT.
        OSError
            The system refuses.
        """
        name = self._names[number]
        final, finished = self._place(name), self._staging.part(number)
        for folder in folders_of(name or ""):
            self._make_folder(self._target.parent / folder)
        if os.path.lexists(final):
            if _identity(final) in self._written:
                message = f"for this file system {final} is another output too; decode on one where it is not"
                raise OutputError("E_OUTPUT", message)
            if name is not None and not self._may_replace:
                raise _exists(f"external data exists already: {final}")
            if name is not None:
                self._keep(number, final)
        own = _identity(finished)
        finished.replace(final)
        self._written.add(own)

    def _make_folder(self, folder: Path) -> None:
        _check_folder(folder)
        try:
            folder.mkdir()
        except FileExistsError:
            if not self._may_replace and _identity(folder) not in self._folders:
                raise _exists(f"folder of external data exists already: {folder}") from None
        else:
            self._folders.add(_identity(folder))

    def _keep(self, number: int, final: Path) -> None:
        """Keep a file that is about to be replaced until all are in place."""
        kept = self._staging.kept(number)
        try:
            os.link(final, kept, follow_symlinks=False)
        except (OSError, NotImplementedError):  # a file system without links
            final.rename(kept)


@contextlib.contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into E_OUTPUT."""
    try:
        yield
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot write {path}: {reason(e)}") from e


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino

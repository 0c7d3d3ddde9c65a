"""Staging folder of a run: unfinished files, files that are about to be replaced, and the journal of both.

It stands beside the target, under a name that cannot be guessed, and only its owner may enter it. A run holds
a lock on it; one that nobody holds was left by a run that was killed, and the next run in the same folder
settles it: a set of files that was complete stays, one that was not is taken back. The decoder in C reads and
writes the same journal.

Implements SPEC.md 10 (R-601, R-607).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntc.format.names import is_file_name

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = ".nntc-"
_JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is to get its name: number 0 is the model.

    Parameters
    ----------
    name
        Path below the target's folder.
    inode
        Of the finished file.
    replaces
        Whether there is a file of this name, which is kept until all files are in place.
    """

    name: str
    inode: int
    replaces: bool


class Staging:
    """Staging folder of this run; raises OSError where there can be none."""

    def __init__(self, folder: Path) -> None:
        settle_dead(folder)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
            self._lock = _lock(self.path)
            if self._lock is not None or fcntl is None:
                return

    def part(self, number: int) -> Path:
        """Return where a file is until it has its name."""
        return self.path / f"{number}.part"

    def kept(self, number: int) -> Path:
        """Return where a file is kept that is about to be replaced."""
        return self.path / f"{number}.old"

    def write_journal(self, entries: Sequence[Entry], folders: Sequence[str]) -> None:
        """Note what is about to be done: names of files, and of folders that are made for them."""
        records = [f"f {entry.inode} {entry.replaces:d} {entry.name}" for entry in entries]
        records += [f"d {name}" for name in folders]
        with (self.path / _JOURNAL).open("xb") as file:
            file.write(b"".join(os.fsencode(record) + b"\0" for record in [*records, "."]))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.path)

    def settle(self) -> None:
        """Take back a set of files that is not complete, and remove the folder."""
        _settle(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def settle_dead(folder: Path) -> None:
    """Settle whatever killed runs of the same user have left in a folder."""
    if fcntl is None:
        return
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            is_own = status.st_uid == os.geteuid() and not status.st_mode & 0o077
            if not stat.S_ISDIR(status.st_mode) or not is_own:
                continue
            lock = _lock(path)
            if lock is not None:
                try:
                    _settle(path)
                finally:
                    os.close(lock)


def sync_folder(folder: Path) -> None:
    """Force to storage which names are in a folder, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(path: Path) -> int | None:
    """Return a handle that holds a lock on a folder; None if somebody else has it, or it has gone."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.lstat()
    except OSError:
        os.close(handle)
        return None
    return handle


def _settle(path: Path) -> None:
    journal = _read_journal(path / _JOURNAL)
    if journal is not None and (path / "0.part").exists():  # the model, the last, has no name
        entries, folders = journal
        for number in reversed(range(len(entries))):
            _take_back(path, number, entries[number])
        for name in reversed(folders):
            with contextlib.suppress(OSError):  # somebody else has put something there
                (path.parent / name).rmdir()
        sync_folder(path.parent)
    shutil.rmtree(path)


def _take_back(path: Path, number: int, entry: Entry) -> None:
    final, kept = path.parent / entry.name, path / f"{number}.old"
    if kept.exists() or kept.is_symlink():
        kept.replace(final)
    elif not entry.replaces and not (path / f"{number}.part").exists():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if final.lstat().st_ino == entry.inode:
                final.unlink()


def _read_journal(path: Path) -> tuple[list[Entry], list[str]] | None:
    """Return what a journal notes; None without one that was written to its end."""
    try:
        *records, last, rest = [os.fsdecode(record) for record in path.read_bytes().split(b"\0")]
        files = [record.split(" ", 3)[1:] for record in records if record.startswith("f ")]
        entries = [Entry(name, int(inode), bool(int(replaces))) for inode, replaces, name in files]
    except (FileNotFoundError, ValueError):
        return None
    folders = [record[2:] for record in records if record.startswith("d ")]
    if last != "." or rest:
        return None
    names = [entry.name for entry in entries] + folders
    if not entries or os.sep in entries[0].name or entries[0].name in (os.curdir, os.pardir):
        return None
    if not all(is_file_name(name.encode("utf-8", "surrogateescape")) for name in names[1:]):
        return None
    return entries, folders

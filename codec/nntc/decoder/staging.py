"""Staging folder of a run: unfinished files, files that are about to be replaced, and the journal of both.

It stands beside the target, under a name that cannot be guessed, and only its owner may enter it. A run holds
a lock on it; one that nobody holds was left by a run that was killed, and the next run in the same folder
settles it: a set of files that was complete stays, one that was not is taken back. The decoder in C reads and
writes the same journal. The first part of the name tells others which target is being written.

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

from nntc.decoder.locks import Lock, lock_folder, only_one_in
from nntc.errors import OutputError
from nntc.format.names import is_file_name

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
    """Staging folder of this run.

    Parameters
    ----------
    folder
        Where it is made.
    target
        Name of the file there that this run is going to write, and nobody else meanwhile; None for none.

    Raises
    ------
    OutputError
        E_OUTPUT_BUSY: another run writes the target.
    OSError
        There can be no such folder.
    """

    def __init__(self, folder: Path, target: str | None = None) -> None:
        tag = "" if target is None else f"{_hash(os.fsencode(target)):08x}-"
        with contextlib.ExitStack() as stack:
            if target is not None:
                stack.enter_context(only_one_in(folder))
            at_work = settle_dead(folder)
            if target is not None and any(name.startswith(PREFIX + tag) for name in at_work):
                raise OutputError("E_OUTPUT_BUSY", f"another run is writing {folder / target}")
            self.path, self._lock = _make(folder, PREFIX + tag)

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

    def take_back(self) -> None:
        """Take back a set of files that is not complete."""
        _take_all_back(self.path)

    def settle(self) -> None:
        """Remove the folder, and what it tells to be unfinished; raises OSError, and the next run does it."""
        try:
            _settle(self.path)
        finally:
            self._lock.close()


def _hash(name: bytes) -> int:
    """Return FNV-1a of a name, 32 bits."""
    found = 2166136261
    for byte in name:
        found = (found ^ byte) * 16777619 & 0xFFFFFFFF
    return found


def _make(folder: Path, prefix: str) -> tuple[Path, Lock]:
    """Make a staging folder and lock it."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        try:
            return path, lock_folder(path)
        except (BlockingIOError, FileNotFoundError):  # somebody took it for one that a killed run had left
            continue
        except OSError:
            with contextlib.suppress(OSError):
                path.rmdir()
            raise


def settle_dead(folder: Path) -> list[str]:
    """Settle whatever killed runs of the same user have left in a folder; return what is still in use."""
    in_use = []
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            is_own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
            if not stat.S_ISDIR(status.st_mode) or not is_own or status.st_mode & 0o077:
                continue
            try:
                lock = lock_folder(path)
            except BlockingIOError:
                in_use.append(path.name)
                continue
            with lock:
                if lock.is_real:
                    _settle(path)
    return in_use


def sync_folder(folder: Path) -> None:
    """Force to storage which names are in a folder, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _settle(path: Path) -> None:
    _take_all_back(path)
    shutil.rmtree(path)


def _take_all_back(path: Path) -> None:
    journal = _read_journal(path / _JOURNAL)
    if journal is None or not (path / "0.part").exists():  # the model, the last, has its name
        return
    entries, folders = journal
    for number in reversed(range(len(entries))):
        _take_back(path, number, entries[number])
    for name in reversed(folders):
        with contextlib.suppress(OSError):  # somebody else has put something there
            (path.parent / name).rmdir()
    sync_folder(path.parent)
    (path / _JOURNAL).unlink()  # nothing of it is to be done once more


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

"""Files of a folder of samples: those that are samples, and those that are not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nntc.errors import SamplesError, reason

_NAMED = 3
"""Foreign files that a note names."""


def list_files(folder: Path, suffixes: Sequence[str], *, deep: bool = False) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder with one of some suffixes, and its other files, both in order.

    Hidden files are others, such as the `._name.jpg` that macOS leaves on foreign disks.

    Parameters
    ----------
    suffixes
        In lower case, with their dots.
    deep
        Whether to look into sub-folders.

    Raises
    ------
    SamplesError
        E_SAMPLES: the folder cannot be read.
    """
    wanted: list[Path] = []
    foreign: list[Path] = []

    def fail(error: OSError) -> None:
        raise SamplesError(f"{error.filename} cannot be read: {reason(error)}") from error

    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(parent)
        if not deep or real in seen:  # a link may lead back
            folders.clear()
        if real in seen:
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent) / name
            is_sample = path.suffix.lower() in suffixes and not name.startswith(".")
            (wanted if is_sample else foreign).append(path)
    return sorted(wanted), sorted(foreign)


def check_regular(file: Path) -> None:
    """Raise E_SAMPLES for what is no regular file: reading a pipe would wait for ever."""
    if not file.exists():
        raise SamplesError(f"{file} does not exist")
    if not file.is_file():
        raise SamplesError(f"{file.name} is no regular file")


def note_foreign(folder: Path, foreign: Sequence[Path]) -> list[str]:
    """Return the note on files that are no samples, if there are any."""
    if not foreign:
        return []
    names = ", ".join(str(file.relative_to(folder)) for file in foreign[:_NAMED])
    more = ", ..." if len(foreign) > _NAMED else ""
    files, were = ("file", "was") if len(foreign) == 1 else ("files", "were")
    return [f"{len(foreign):,} {files} in {folder.name} {were} left out as no samples ({names}{more})"]

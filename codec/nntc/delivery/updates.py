"""The one place where target files become files of a model, and where updates will be made.

Every target file names the decoded files that it needs beside it (`Release.base`); a full file names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nntc.decoder.model import DecodeResult, decode
from nntc.delivery.release import Release
from nntc.errors import UnsupportedError
from nntc.limits import Limits
from nntc.progress import Progress


def apply(
    file: Path,
    release: Release,
    bases: Sequence[Path],
    target: Path,
    *,
    jobs: int = 1,
    limits: Limits,
    progress: Progress | None = None,
) -> DecodeResult:
    """Decode a target file, with the decoded files that it needs.

    Parameters
    ----------
    file, release
        The target file, and what it is.
    bases
        Paths of `release.base`, in its order.
    target
        Path of the model, in a folder that is empty.
    jobs, limits, progress
        As for `nntc.decode`.

    Raises
    ------
    UnsupportedError
        E_UNSUPPORTED: this version decodes no such update.
    FormatError, LimitError, OutputError
        As `nntc.decode`.
    """
    if bases:
        message = f"{release.path} is an update, which this version cannot decode"
        raise UnsupportedError("E_UNSUPPORTED", message)
    return decode(file, target, jobs=jobs, limits=limits, progress=progress)

"""The one place where target files become files of a model.

Every target file names the decoded files that it needs beside it (`Release.base`); a full file names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nntc.decoder.model import DecodeResult, decode
from nntc.limits import Limits
from nntc.progress import Progress


def apply(
    file: Path,
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
    file
        The target file.
    bases
        Paths of what it needs: `Release.base`.
    target
        Path of the model, in a folder that is empty.
    jobs, limits, progress
        As for `nntc.decode`.

    Raises
    ------
    FormatError, LimitError, OutputError
        As `nntc.decode`.
    """
    return decode(file, target, jobs=jobs, limits=limits, progress=progress, base=bases)

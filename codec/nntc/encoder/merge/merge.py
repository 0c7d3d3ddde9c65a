"""Merging as users call it: a chain of files made into one that decodes to the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.base_files import Bases, as_list
from nntc.decoder.output_set import OutputSet
from nntc.encoder.merge.merging import MergeReport, Merging
from nntc.encoder.store import Store
from nntc.errors import OutputError
from nntc.limits import NO_LIMITS, Limits
from nntc.progress import Progress
from nntc.sources.source import Source, SourceLike, opened

_CHUNK = 1 << 22


@in_standard_arithmetic
def merge(
    sources: Sequence[SourceLike],
    target: str | os.PathLike[str],
    *,
    base: Bases = (),
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    progress: Progress | None = None,
) -> MergeReport:
    """Make one file of a full file and updates of it, or of several updates; it decodes to the same.

    A full file and updates make a full file; updates alone make one update of what the first one needs.

    Parameters
    ----------
    sources
        Paths, URLs, bytes or sources of `.nntc` files, each but the first an update of what the one before
        gives.
    target
        Path of the merged file; replaced only by a complete one.
    base
        What the first file needs, if it is an update, as for `nntc.decode`: for updates that cannot be merged
        without it.
    jobs, limits
        Threads, and what the input may take.
    progress
        Called with events of phase `DECODING`.

    Returns
    -------
    What the file is made of.

    Raises
    ------
    FormatError
        A file is at fault. E_BASE: one is no update of what the one before gives, or the base is needed.
    OutputError
        E_OUTPUT: the target cannot be written; E_OUTPUT_BUSY: another run is writing it; E_OUTPUT_EXISTS: it
        is one of the files, or their base.
    ValueError
        There are fewer than two files.
    """
    path = Path(target)
    with ExitStack() as stack:
        outputs = stack.enter_context(OutputSet([path]))
        for own in (*sources, *as_list(base)):
            if isinstance(own, str | os.PathLike) and path.exists() and _is_same(path, own):
                raise OutputError("E_OUTPUT_EXISTS", f"{path} is one of the files to merge, or their base")
        found = [stack.enter_context(opened(source)) for source in sources]
        merging = Merging(found, base, Store(path.parent), stack, jobs=jobs, limits=limits, progress=progress)
        file, report = merging.run()
        outputs.write([_chunks(file)])
    return report


@in_standard_arithmetic
def merge_bytes(
    sources: Sequence[SourceLike],
    *,
    base: Bases = (),
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    progress: Progress | None = None,
) -> tuple[bytes, MergeReport]:
    """Merge in memory: as `merge`, and return the bytes of the file and what it is made of."""
    with ExitStack() as stack:
        found = [stack.enter_context(opened(source)) for source in sources]
        merging = Merging(found, base, Store(), stack, jobs=jobs, limits=limits, progress=progress)
        file, report = merging.run()
        return file.read(0, file.size), report


def _is_same(path: Path, other: str | os.PathLike[str]) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # a URL, or nothing that is there
        return False


def _chunks(file: Source) -> Iterator[bytes]:
    for at in range(0, file.size, _CHUNK):
        yield file.read(at, _CHUNK)

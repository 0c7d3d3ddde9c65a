"""The files of a version: a full one, and an update of the version before where that saves enough.

All files of a version decode to the same. A lossy update and a lossy file of its own do not: either the
version is what the update gives, and its full file is the old one and the update merged; or it is what the
model gives by itself, and an update codes exactly how that differs from what devices have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.decoder.directory import read_directory
from nntc.decoder.graph import Graph, graph_of
from nntc.decoder.model import decode
from nntc.delivery.durable import file_id
from nntc.delivery.release import FileId, Release
from nntc.errors import ModelError
from nntc.sources.source import opened

if TYPE_CHECKING:
    from nntc.encoder.report import EncodeReport
    from nntc.progress import Progress

_MOST = 0.5
"""Of a file of its own, what a lossy update may have."""
_MOST_MERGED = 1.3
"""Likewise the full file that new devices fetch."""
_NOISIER = 1.25
"""Most error of the weights, relative to that of a file of its own: an update keeps the noise of the base, so
it is not the way to a better quality. Where there is a goal, both meet it."""
_MOST_EXACT = 0.8
"""Likewise an update that changes nothing for others."""
_LOSSY, _LOSSLESS = ("auto", None), "lossless"
_KEPT = ("jobs", "device_memory")
"""Options that go with every method."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The version before: its full file, and what it is."""

    file: Path
    release: Release


@dataclass(frozen=True, slots=True)
class Made:
    """What a version is published as.

    Parameters
    ----------
    full, update
        Paths of the files; None without an update.
    fresh
        The model encoded by itself.
    report
        Of the encoder, of what the version decodes to.
    note
        Why there is an update or none, for people; empty where there is no version before.
    """

    full: Path
    update: Path | None
    fresh: FileId
    report: EncodeReport
    note: str = ""


def encode_fresh(
    model: Path, folder: Path, *, follow_links: bool, progress: Progress | None, **options: Any
) -> Made:
    """Encode a model by itself into a folder; arguments and errors are those of `nntc.encode`."""
    from nntc.encoder.encode import encode

    file = folder / "model.nntc"
    report = encode(model, file, follow_links=follow_links, progress=progress, **options)
    return Made(file, None, file_id(file), report)


def with_update(
    made: Made,
    model: Path,
    previous: Previous,
    folder: Path,
    *,
    base_exact: Path | None,
    follow_links: bool,
    progress: Progress | None,
    **options: Any,
) -> Made:
    """Return a version with an update of the one before, where that is worth it.

    Parameters
    ----------
    made
        The model encoded by itself.
    previous
        The version before.
    folder
        Where files are made.
    base_exact
        The model that the version before was published from, if it is known.
    model, follow_links, progress, options
        As for `nntc.encode`.
    """
    how = {"follow_links": follow_links, "progress": progress}
    if options.get("method") in _LOSSY and not _is_same(made, previous):
        exact = {} if base_exact is None else {"base_exact": base_exact}
        found = _lossy(made, model, previous, folder, **how, **exact, **options)
        if found is not None:
            return found
    return _exact(made, previous, folder, {name: options[name] for name in _KEPT if name in options})


def _lossy(made: Made, model: Path, previous: Previous, folder: Path, **options: Any) -> Made | None:
    """Return the version that a lossy update gives; None where it is too large."""
    from nntc.encoder.encode import encode
    from nntc.encoder.merge.merge import merge

    update, merged = folder / "update.nntc", folder / "merged.nntc"
    options.pop("index", None)
    try:
        report = encode(model, update, base=previous.file, **options)
    except ModelError:  # E_GOAL: not as an update
        return None
    size, fresh = update.stat().st_size, made.fresh.length
    if not _graph(update).bases or size > _MOST * fresh:
        return None
    if report.goal is None and report.error > _NOISIER * made.report.error:
        return None
    whole = merge([previous.file, update], merged)
    memory = options.get("device_memory")
    if whole.size > _MOST_MERGED * fresh or (memory is not None and whole.working_memory > memory):
        return None
    why = f"{size:,} bytes, {size / fresh:.1%} of a file of its own"
    return replace(made, full=merged, update=update, report=report, note=f"{_from(previous)}: {why}")


def _exact(made: Made, previous: Previous, folder: Path, options: dict[str, Any]) -> Made:
    """Return the version that the model gives by itself, with an exact update where that is smaller."""
    from nntc.encoder.encode import encode

    decoded, update = folder / "decoded", folder / "exact.nntc"
    decoded.mkdir()
    decode(made.full, decoded / "model")
    try:
        encode(decoded / "model", update, method=_LOSSLESS, base=previous.file, **options)
    except ModelError:  # E_GOAL: not for this device
        return replace(made, note=f"no {_from(previous)}: it does not fit the device")
    size, fresh = update.stat().st_size, made.fresh.length
    share = f"{size:,} bytes, {size / fresh:.1%} of the full file"
    if not _graph(update).bases or size > _MOST_EXACT * fresh:
        return replace(made, note=f"no {_from(previous)}: it would have {share}")
    return replace(made, update=update, note=f"{_from(previous)}: {share}")


def _from(previous: Previous) -> str:
    return f"update from {previous.release.version}"


def _is_same(made: Made, previous: Previous) -> bool:
    """Return whether a model by itself gives what devices have."""
    now = [FileId(file.sha256.hex(), file.size) for file in _graph(made.full).files]
    return now == [output.id for output in previous.release.decoded]


def _graph(file: Path) -> Graph:
    with opened(file) as source:
        return graph_of(source, read_directory(source))

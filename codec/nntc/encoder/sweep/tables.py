"""Curves as CSV, as plain dictionaries, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nntc.decoder.output_set import OutputSet
from nntc.encoder.goals.fidelity import Share
from nntc.encoder.sweep.curves import Curves, SweepPoint
from nntc.errors import OutputError, reason

_SHARES = ("agreement", "top1", "top5", "original_top1", "original_top5")
COLUMNS = (
    "method", "setting", "bytes", "ratio", "bits_per_weight", "weight_error", "samples", "divergence",
    "divergence_measure", "cosine", *(f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high")),
)  # fmt: skip


def to_csv(curves: Curves) -> str:
    """Return a line of `COLUMNS` for each point; shares from 0 to 1, empty where nothing was measured."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(point) for point in curves.points)
    return out.getvalue()


def _cells(point: SweepPoint) -> list[object]:
    fidelity = point.fidelity
    cells: list[object] = [
        point.method,
        point.setting,
        point.size,
        point.ratio,
        point.bits_per_weight,
        point.error,
        fidelity.samples,
        fidelity.divergence,
        fidelity.measure,
        fidelity.cosine,
    ]
    for name in _SHARES:
        share: Share | None = getattr(fidelity, name)
        cells += ["", "", ""] if share is None else [share.value, share.low, share.high]
    return cells


def to_dictionary(curves: Curves) -> dict[str, Any]:
    """Return everything as dictionaries and lists."""
    return asdict(curves)


@contextmanager
def writing(folder: Path, names: Sequence[str]) -> Iterator[OutputSet]:
    """Give what writes files into a folder: all of them or none, and not while another run writes them.

    Raises
    ------
    OutputError
        E_OUTPUT, E_OUTPUT_BUSY: they cannot be written; a folder made for them is gone again.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot make {folder}: {reason(e)}") from e
    try:
        with OutputSet([folder / name for name in names]) as outputs:
            yield outputs
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise

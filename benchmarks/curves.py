"""Rate-accuracy curves: points, their storage as JSON lines, interpolation and tables."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .imagenet import Metrics

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Compressed:
    """A network's compressed version, whatever it is measured by.

    Attributes:
        network: stem of the original file's name.
        codec: program and method.
        label: options that tell this version from others of its curve.
        size: bytes of the compressed file.
        original_size: bytes of the original float ONNX file.

    """

    network: str
    codec: str
    label: str
    size: int
    original_size: int

    @property
    def factor(self) -> float:
        """Compression factor: original bytes over compressed bytes."""
        return self.original_size / self.size


@dataclass(frozen=True)
class Point(Compressed):
    """One compressed version of a network and what it cost.

    Attributes:
        metrics: outputs compared with the original's.
        original: the original's own accuracy on the same images.
        details: times in seconds, weight SNR and other things worth keeping.

    """

    metrics: Metrics
    original: Metrics
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def top1_loss(self) -> float:
        """Top-1 accuracy lost, in percentage points."""
        return 100 * (self.original.top1 - self.metrics.top1)

    @property
    def top5_loss(self) -> float:
        """Top-5 accuracy lost, in percentage points."""
        return 100 * (self.original.top5 - self.metrics.top5)

    @property
    def disagreement(self) -> float:
        """Images whose most probable class is another than the original's, in percent."""
        return 100 * (1 - self.metrics.agreement)


def append_point(path: Path, point: DataclassInstance) -> None:
    """Add a point, of this kind or another, to a file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(point)) + "\n")


def read_points(path: Path) -> list[Point]:
    """Read a file of JSON lines; of points with equal network, codec and label the last one counts."""
    points: dict[tuple[str, str, str], Point] = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        row["metrics"], row["original"] = Metrics(**row["metrics"]), Metrics(**row["original"])
        point = Point(**row)
        points[point.network, point.codec, point.label] = point
    return list(points.values())


def factor_at_loss(curve: Iterable[Point], loss: float, of: Callable[[Point], float]) -> float | None:
    """Return the compression factor at which `loss` percentage points `of` something are gone.

    Linear interpolation between neighbouring points, as Laude et al. report it: in order of growing factor,
    the first step from a point that loses no more to one that loses more. None where the curve has no such
    step: all its points lose more, or all less.
    """
    points = sorted(curve, key=lambda point: point.factor)
    for before, after in itertools.pairwise(points):
        if of(before) <= loss < of(after):
            share = (loss - of(before)) / (of(after) - of(before))
            return before.factor + share * (after.factor - before.factor)
    return None


def log_kl(point: Point) -> float | None:
    """Return the logarithm of a point's KL divergence; None where outputs do not differ."""
    return float(np.log(point.metrics.kl)) if point.metrics.kl > 0 else None


def snr(point: Point) -> float | None:
    """Return the signal-to-noise ratio of a point's weights in dB; None where it was not measured."""
    value: float | None = point.details.get("snr_db")
    return value if value is not None and np.isfinite(value) else None


def _log_bytes(
    curve: Iterable[Point], at: Callable[[Point], float | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a measure of the points of a curve, ascending, and their log bytes."""
    pairs = sorted((x, float(np.log(point.size))) for point in curve if (x := at(point)) is not None)
    both = np.array(pairs, np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def bytes_at_kl(curve: Iterable[Point], kl: float) -> float | None:
    """Return the bytes at a KL divergence, log bytes linear in log KL; None outside the curve."""
    x, log_bytes = _log_bytes(curve, log_kl)
    if len(x) == 0 or not x[0] <= np.log(kl) <= x[-1]:
        return None
    return float(np.exp(np.interp(np.log(kl), x, log_bytes)))


def relative_bytes(
    curve: Sequence[Point], baseline: Sequence[Point], at: Callable[[Point], float | None]
) -> float | None:
    """Return bytes of a curve over bytes of a baseline where a measure, `log_kl` or `snr`, is equal.

    Geometric mean over the range that both cover (Bjontegaard's measure with piecewise linear
    interpolation); None where the ranges do not meet.
    """
    x, log_bytes = _log_bytes(curve, at)
    baseline_x, baseline_bytes = _log_bytes(baseline, at)
    if len(x) == 0 or len(baseline_x) == 0:
        return None
    low, high = max(x[0], baseline_x[0]), min(x[-1], baseline_x[-1])
    if low >= high:
        return None
    grid = np.linspace(low, high, 1001)
    difference = np.interp(grid, x, log_bytes) - np.interp(grid, baseline_x, baseline_bytes)
    return float(np.exp(difference.mean()))


LEVELS: dict[str, tuple[float, Callable[[Point], float]]] = {
    "top-5 -1": (1, lambda point: point.top5_loss),
    "top-5 -2": (2, lambda point: point.top5_loss),
    "top-1 -1": (1, lambda point: point.top1_loss),
    "99 % agreement": (1, lambda point: point.disagreement),
}
"""What factors are interpolated for: a loss, and of what."""


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a Markdown table, first column left, others right aligned."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        return "| " + " | ".join([row[0].ljust(widths[0]), *padded]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def optional(value: float | None, form: str) -> str:
    """Format a number that may be missing."""
    return "-" if value is None else format(value, form)


def points_table(points: Iterable[Point]) -> str:
    """Format points, one a line."""
    header = ["network", "codec", "label", "bytes", "factor", "KL", "top-1", "top-5", "agreement"]
    header += ["SNR dB"]
    rows = []
    for point in points:
        m = point.metrics
        row = [point.network, point.codec, point.label, f"{point.size:,}", f"{point.factor:.2f}"]
        row += [f"{m.kl:.4f}", f"{m.top1:.1%}", f"{m.top5:.1%}", f"{m.agreement:.1%}"]
        row += [optional(point.details.get("snr_db"), ".2f")]
        rows.append(row)
    return markdown_table(header, rows)


def curves_table(points: Iterable[Point], baseline: Iterable[Point] = (), kl: float = 0.05) -> str:
    """Format one line per network and codec: factors at equal accuracy, bytes relative to a baseline."""
    curves: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        curves.setdefault((point.network, point.codec), []).append(point)
    baselines: dict[str, list[Point]] = {}
    for point in baseline:
        baselines.setdefault(point.network, []).append(point)
    rows = []
    for (network, codec), curve in curves.items():
        size = bytes_at_kl(curve, kl)
        row = [network, codec, *(optional(factor_at_loss(curve, *level), ".2f") for level in LEVELS.values())]
        row += [optional(size and curve[0].original_size / size, ".2f")]
        peer = baselines.get(network, [])
        row += [optional(relative_bytes(curve, peer, at), ".1%") for at in (log_kl, snr)]
        rows.append(row)
    header = ["network", "codec", *(f"factor, {level}" for level in LEVELS)]
    header += [f"factor, KL {kl:g}", "bytes / baseline, KL", "bytes / baseline, SNR"]
    return markdown_table(header, rows)

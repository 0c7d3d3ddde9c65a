"""Points of size and fidelity, their file of JSON lines, interpolation and tables."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..curves import Compressed, markdown_table, optional
from .task import Fidelity

LEAST_LOSS = 1e-6
"""Nearer to equal answers than this is equal: its logarithm is wanted."""


@dataclass(frozen=True)
class Point(Compressed):
    """One compressed version of a network.

    Attributes:
        fidelity: answers compared with the original's.
        details: times and whatever else is worth keeping.

    """

    fidelity: Fidelity
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """What the network's own measure lacks of 1."""
        return max(1 - self.fidelity.own, LEAST_LOSS)


def read_points(path: Path) -> list[Point]:
    """Read a file of JSON lines; of points with equal network, codec and label the last one counts."""
    points = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        point = Point(**{**row, "fidelity": Fidelity(**row["fidelity"])})
        points[point.network, point.codec, point.label] = point
    return list(points.values())


def factor_at(curve: Iterable[Point], level: float, at: Callable[[Point], float]) -> float | None:
    """Return the compression factor at which a loss reaches a level.

    In order of growing factor, the first step from a point that loses no more to one that loses more; log
    factor linear in log loss. None where the curve has no such step.
    """
    points = sorted(curve, key=lambda point: point.factor)
    for before, after in itertools.pairwise(points):
        if at(before) <= level < at(after):
            low, high = (np.log(max(at(point), LEAST_LOSS)) for point in (before, after))
            share = (np.log(level) - low) / (high - low)
            return float(before.factor * (after.factor / before.factor) ** share)
    return None


def loss(point: Point) -> float:
    """Return what the network's own measure lacks of 1."""
    return point.loss


def distance(point: Point) -> float:
    """Return the KL divergence, one minus the cosine, or the squared error."""
    return point.fidelity.distance


def points_table(points: Sequence[Point]) -> str:
    """Format points, one a line."""
    rows = []
    for point in sorted(points, key=lambda point: (point.network, point.codec, point.factor)):
        found = point.fidelity
        others = ", ".join(f"{name} {value:.1%}" for name, value in found.others.items())
        row = [point.network, point.codec, point.label, f"{point.size:,}", f"{point.factor:.2f}"]
        row += [f"{found.own:.2%}", f"{found.distance:.2e}", others]
        rows.append([*row, optional(point.details.get("encode_cpu_s"), ".1f")])
    header = ["network", "codec", "label", "bytes", "factor", "fidelity", "distance", "beside it", "encode s"]
    return markdown_table(header, rows)


def curves_table(points: Iterable[Point], levels: Sequence[float] = (0.99, 0.999)) -> str:
    """Format one line per network and codec: factors at levels of fidelity, and at equal distance.

    A single point is no curve: its factor is given with its fidelity. The distance is the middle of those at
    the first level on all curves of the network: there they can be compared where decisions are too coarse.
    """
    curves: dict[str, dict[str, list[Point]]] = {}
    for point in points:
        curves.setdefault(point.network, {}).setdefault(point.codec, []).append(point)
    rows = []
    for network, of_network in curves.items():
        level = _common_distance(of_network.values(), 1 - levels[0])
        for codec, curve in of_network.items():
            row = [network, codec, *(optional(factor_at(curve, 1 - x, loss), ".2f") for x in levels)]
            if len(curve) == 1:
                row[2] = f"{curve[0].factor:.2f} ({curve[0].fidelity.own:.1%})"
            at_level = None if level is None else factor_at(curve, level, distance)
            rows.append([*row, "-" if level is None else f"{level:.1e}", optional(at_level, ".2f")])
    header = ["network", "codec", *(f"factor at {x:.1%}" for x in levels), "distance", "factor there"]
    return markdown_table(header, rows)


def _common_distance(curves: Iterable[Sequence[Point]], level: float) -> float | None:
    """Return the middle of the distances at which curves reach a loss."""
    found = []
    for curve in curves:
        factor = factor_at(curve, level, loss)
        if factor is not None:
            ordered = sorted(curve, key=lambda point: point.factor)
            factors = np.log([point.factor for point in ordered])
            distances = np.log([max(distance(point), LEAST_LOSS) for point in ordered])
            found.append(np.interp(np.log(factor), factors, distances))
    return float(np.exp(np.median(found))) if found else None

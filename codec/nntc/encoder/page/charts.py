"""Points of charts, in the coordinates of their SVG; the page's template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 72.0, 20.0, 14.0, 54.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what it says there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the curve.

    Parameters
    ----------
    text
        What it is, shown when pointed at.
    kind
        `chosen`, `met` or `missed`: its class in the style sheet.
    """

    x: float
    y: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A curve with axes, ready to be drawn in a view box of `width` x `height`.

    Parameters
    ----------
    limit
        y of the line that the goal draws.
    """

    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    limit: float
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM

    @property
    def line(self) -> str:
        """The marks from left to right, as SVG has points."""
        return " ".join(f"{m.x:.1f},{m.y:.1f}" for m in sorted(self.marks, key=lambda m: m.x))


@dataclass(frozen=True, slots=True)
class Point:
    """What a mark stands for, in the axes' units."""

    x: float
    y: float
    text: str
    kind: str


def curve(points: Sequence[Point], limit: float, *, logarithmic: bool, unit: str = "") -> Chart:
    """Return a chart of points.

    Parameters
    ----------
    points
        At least one; x and y finite, y above 0 if `logarithmic`.
    limit
        y of the goal's line; above 0 if `logarithmic`.
    logarithmic
        Whether the y axis is.
    unit
        Behind the numbers of the y axis.
    """
    x_ticks = ticks([p.x for p in points])
    heights = [*(p.y for p in points), limit]
    y_ticks = _decades(heights) if logarithmic else ticks(heights)
    x_low, x_high = x_ticks[0], x_ticks[-1]
    y_low, y_high = y_ticks[0], y_ticks[-1]

    def across(x: float) -> float:
        return _LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - _LEFT - _RIGHT)

    def up(y: float) -> float:
        if logarithmic:
            share = math.log(y / y_low) / math.log(y_high / y_low)
        else:
            share = (y - y_low) / (y_high - y_low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    return Chart(
        tuple(Mark(across(p.x), up(p.y), p.text, p.kind) for p in points),
        tuple(Tick(across(x), f"{x:g}") for x in x_ticks),
        tuple(Tick(up(y), f"{y:g}{unit}") for y in y_ticks),
        up(limit),
    )


def ticks(values: Sequence[float]) -> list[float]:
    """Return four to nine round numbers around the values."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    power: float = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * n for n in (1, 2, 5, 10) if span / (power * n) <= 6)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, max(last, first + 1) + 1)]


def _decades(values: Sequence[float]) -> list[float]:
    """Return powers of ten around the values; 2 and 5 times them too where there are few."""
    first, last = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    last = max(last, first + 1)
    skip = -(-(last - first) // 6)
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    ticks = [n * 10.0**power for power in range(first, last, skip) for n in factors]
    return [*ticks, ticks[-1] * 10**skip if len(factors) == 1 else 10.0**last]

"""Integers of few values chosen anew, such that their entropy falls: rate-aware rounding with error feedback.

Each weight is scale * (integer - zero) with a scale of its own, fixed; the integers are all there is to
choose. Column by column, what earlier errors do to a column is known when its integer is chosen (as in
`feedback.py`); chosen is what costs least: squared error in the layer's output + lagrangian * bits. Bits are
those of the integers' own distribution, which is found in a few rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.uniform import UniformQuantizer

SLOPE = 2 * log(2)
"""Noise per bit, relative to the noise: the slope of any rate-distortion curve at high rate."""
_ROUNDS = 3
_COLUMNS = 32  # whose errors are fed back one by one; those of earlier ones together
_ERRORS, _FILTERS = UniformQuantizer(2.0**-10), UniformQuantizer(2.0**-12)
"""Errors and filters are multiples of these: their products add up exactly in binary64, in any order."""
_MOST = 2.0**20
_RARE = 2.0**-12
"""How often an integer counts as occurring that does not."""
_STEPS = 1.0, 1.5, 2.0, 2.5, 3.0, 4.0
"""Integers apart from which distributions are looked for: from that of integers as they are none comes that
leaves out every other one."""
_SAMPLE = 1 << 17
_AT_ONCE = 1 << 20
CODES = 16
"""Integers of 4 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class FewLevels:
    """Weights that stand on integers, all [rows, columns].

    Parameters
    ----------
    codes
        uint8: the integers, 0..15.
    scales
        float32: what 1 is.
    zeros
        int8: the integers that stand for zero, as codes.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float32]
    zeros: NDArray[np.int8]

    @property
    def values(self) -> NDArray[np.float64]:
        """The weights."""
        return (self.codes.view(np.int8) - self.zeros).astype(np.float64) * self.scales


def lower_entropy(
    weights: FewLevels, noise: float, factors: NDArray[np.float64] | None = None, *, along_rows: bool = True
) -> NDArray[np.uint8]:
    """Return other integers of lower entropy, codes [rows, columns].

    Parameters
    ----------
    weights
        The weights as they are.
    noise
        Power of the output error to allow for each weight on average, about: what is made is less where
        integers are coarse. An error beyond it is worth less than the bits that it saves.
    factors
        float64 [groups, size, size], upper triangular: |error @ factor|^2 is the power of an output error
        (`metric.py`). None: it is the sum of squared errors of the weights.
    along_rows
        Whether rows are split among the groups; columns otherwise.
    """
    lagrangian = SLOPE * noise
    whole = _Problem.of(weights, factors, along_rows)
    sample = whole.sampled(_SAMPLE)
    starts = (_start(weights, step) for step in _STEPS)
    _, counts = min((sample.settled(start, lagrangian) for start in starts), key=lambda found: found[0])
    again = _counts(whole.chosen(lagrangian * _bits(counts)))
    found = whole.chosen(lagrangian * _bits(again))
    groups, _, size = found.shape
    return found.reshape(-1, size) if along_rows else found.swapaxes(0, 1).reshape(-1, groups * size)


def _bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the bits that each integer takes, by how often they occur."""
    often = np.maximum(counts, _RARE * counts.sum())
    # Rounded: libraries of logarithms differ in their last bits.
    return UniformQuantizer(2.0**-12).nearest(np.log2(often.sum() / often))


def _counts(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each integer occurs."""
    return np.bincount(codes.ravel(), minlength=CODES)


def _start(weights: FewLevels, step: float) -> NDArray[np.int64]:
    """Return how often integers would occur if only multiples of a step from zero did, rounded."""
    middle = int(np.median(weights.zeros))
    every = np.arange(CODES)
    levels = np.rint(np.arange(-CODES, CODES + 1) * step).astype(np.int64) + middle
    levels = np.unique(levels[(levels >= 0) & (levels < CODES)])
    nearest = levels[np.abs(every[:, None] - levels).argmin(axis=1)]
    counts = np.zeros(CODES, np.int64)
    np.add.at(counts, nearest, _counts(weights.codes))
    return counts


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Weights in groups that share a factor: arrays [groups, rows, size]; factors [groups, size, size].

    Rows are chosen by themselves; so many at once that arrays in binary64 stay small.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float32]
    factors: NDArray[np.float64] | None

    @classmethod
    def of(cls, weights: FewLevels, factors: NDArray[np.float64] | None, along_rows: bool) -> _Problem:
        """Return the problem of all weights."""
        groups, size = (1, weights.codes.shape[1]) if factors is None else factors.shape[:2]

        def grouped(matrix: NDArray[Any]) -> NDArray[Any]:
            if along_rows:
                return matrix.reshape(groups, -1, size)
            return matrix.reshape(-1, groups, size).swapaxes(0, 1)

        return cls(grouped(weights.codes), grouped(weights.scales), factors)

    def sampled(self, most: int) -> _Problem:
        """Return the problem of some rows of each group."""
        step = max(1, self.codes.size // most)
        return replace(self, codes=self.codes[:, ::step], scales=self.scales[:, ::step])

    def settled(self, counts: NDArray[np.int64], lagrangian: float) -> tuple[float, NDArray[np.int64]]:
        """Return what it costs to choose by a distribution, and which comes of it in a few rounds."""
        cost = np.inf
        for _ in range(_ROUNDS):
            chosen = self.chosen(lagrangian * _bits(counts))
            counts = _counts(chosen)
            cost = self._power(chosen) + lagrangian * float(counts @ _bits(counts))
        return cost, counts

    def chosen(self, costs: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return codes chosen where each code has a cost."""
        found = np.empty(self.codes.shape, np.uint8)
        for group, rows in self._parts():
            codes, scales = self.codes[group, rows], self.scales[group, rows].astype(np.float64)
            if self.factors is None:
                found[group, rows] = _nearest(codes.astype(np.float64), scales**2, costs)
            else:
                found[group, rows] = _with_feedback(codes, scales, self.factors[group], costs)
        return found

    def _power(self, codes: NDArray[np.uint8]) -> float:
        """Return the power of the error that codes make."""
        power = 0.0
        for group, rows in self._parts():
            changes = self.codes[group, rows].view(np.int8) - codes[group, rows].view(np.int8)
            errors = changes * self.scales[group, rows].astype(np.float64)
            power += float(np.sum((errors if self.factors is None else errors @ self.factors[group]) ** 2))
        return power

    def _parts(self) -> Iterator[tuple[int, slice]]:
        """Yield groups and rows to work on at once."""
        groups, rows, size = self.codes.shape
        most = max(1, _AT_ONCE // size)
        for group in range(groups):
            for start in range(0, rows, most):
                yield group, slice(start, start + most)


def _nearest(
    wanted: NDArray[np.float64], weights: NDArray[np.float64], costs: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the codes that cost least, by their distance from what is wanted and their bits."""
    best = np.zeros(wanted.shape, np.uint8)
    least = np.full(wanted.shape, np.inf)
    for code, cost in enumerate(costs.tolist()):
        own = weights * (wanted - code) ** 2 + cost
        is_less = own < least
        best[is_less] = code
        np.minimum(least, own, out=least)
    return best


def _with_feedback(
    codes: NDArray[np.uint8],
    scales: NDArray[np.float64],
    factor: NDArray[np.float64],
    costs: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Return the codes of one group, chosen column after column."""
    rows, columns = codes.shape
    diagonal = np.diag(factor)
    unit = float(np.sqrt(np.mean(scales**2)))
    filters = np.clip(_FILTERS.nearest(factor / diagonal), -_MOST, _MOST)
    errors = np.zeros((rows, columns))  # in units
    chosen = np.empty_like(codes)
    relative = scales / unit
    for start in range(0, columns, _COLUMNS):
        end = min(start + _COLUMNS, columns)
        before = errors[:, :start] @ filters[:start, start:end]
        for j in range(start, end):
            felt = before[:, j - start] + errors[:, start:j] @ filters[start:j, j]
            wanted = codes[:, j] + felt / relative[:, j]
            chosen[:, j] = _nearest(wanted, (diagonal[j] * scales[:, j]) ** 2, costs)
            errors[:, j] = _ERRORS.nearest((codes[:, j].astype(np.int64) - chosen[:, j]) * relative[:, j])
    return chosen

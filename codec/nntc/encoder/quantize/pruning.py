"""Magnitude pruning with constant sparsity (Han et al., "Deep Compression", 2016; Young et al.).

The least weights become zero: a share of every layer, or a share of all layers' weights together. Of
equal magnitudes the earlier ones go first, so that the number is exactly the one asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ZEROS_FROM = 1 / 8
"""Share of exact zeros from which weights count as pruned: none of these may change."""
_DIGIT = 16  # bits


def pruned_zeros(values: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.bool_] | None:
    """Return which weights were pruned, or None where there are no more zeros than chance leaves.

    Parameters
    ----------
    values
        Rank 1.
    """
    zeros = values == 0
    return zeros if ZEROS_FROM <= float(np.mean(zeros)) < 1 else None


def pruned_count(size: int, sparsity: float) -> int:
    """Return how many of `size` weights to prune: the share rounded down, so that never all are.

    Parameters
    ----------
    sparsity
        0 <= sparsity < 1.
    """
    # Rounded first: 0.29 * 100 is a little less than 29.
    return min(int(round(sparsity * size, 6)), size - 1)


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which weights of a tensor become zero: those below a threshold, and the first so many equal to it."""

    threshold: float
    equal: int

    def mask(self, magnitudes: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return them, bool, rank 1."""
        pruned = magnitudes < self.threshold
        pruned[np.flatnonzero(magnitudes == self.threshold)[: self.equal]] = True
        return pruned


def plan_pruning(layers: Sequence[Callable[[], NDArray[np.float64]]], sparsity: float) -> list[Pruning]:
    """Return what to prune of layers that are pruned together.

    Parameters
    ----------
    layers
        Each returns a layer's magnitudes, float64, rank 1, finite, at least 0, at least one in all: called
        several times, as all together may not fit into memory.
    sparsity
        0 <= sparsity < 1.

    Returns
    -------
    For each layer; `pruned_count` weights in all.
    """
    count = pruned_count(sum(layer().size for layer in layers), sparsity)
    if not count:
        return [Pruning(0.0, 0) for _ in layers]
    threshold = _smallest(layers, count)
    left = count - sum(int(np.count_nonzero(layer() < threshold)) for layer in layers)
    plans = []
    for layer in layers:
        equal = min(left, int(np.count_nonzero(layer() == threshold)))
        plans.append(Pruning(threshold, equal))
        left -= equal
    return plans


def _smallest(layers: Sequence[Callable[[], NDArray[np.float64]]], rank: int) -> float:
    """Return the magnitude that is number `rank` of all in ascending order, from 1.

    Bits of a binary64 that is not negative are in the order of its value: they are found a digit at a time,
    by counting how many have each.
    """
    found = 0
    for shift in range(64 - _DIGIT, -1, -_DIGIT):
        counts = np.zeros(1 << _DIGIT, np.int64)
        for layer in layers:
            digits = layer().view(np.uint64) >> np.uint64(shift)
            own = digits[digits >> np.uint64(_DIGIT) == found] & np.uint64((1 << _DIGIT) - 1)
            counts += np.bincount(own.astype(np.int64), minlength=1 << _DIGIT)
        ends = np.cumsum(counts)
        digit = int(np.searchsorted(ends, rank))
        rank -= int(ends[digit] - counts[digit])
        found = found << _DIGIT | digit
    return float(np.uint64(found).view(np.float64))

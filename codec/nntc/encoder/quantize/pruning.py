"""Magnitude pruning with constant sparsity (Han et al., "Deep Compression", 2016; Young et al.).

The least weights become zero: a share of every layer, or a share of all layers' weights together. Of
equal magnitudes the earlier ones go first, so that the number is exactly the one asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ZEROS_FROM = 1 / 8
"""Share of exact zeros from which weights count as pruned: none of these may change."""


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


def prune_masks(magnitudes: Sequence[NDArray[np.floating]], sparsity: float) -> list[NDArray[np.bool_]]:
    """Return which weights to set to zero, for layers that are pruned together.

    Parameters
    ----------
    magnitudes
        For each layer, rank 1, finite, at least 0; at least one in all.
    sparsity
        0 <= sparsity < 1.

    Returns
    -------
    For each layer, bool, rank 1; `pruned_count` of them true in all.
    """
    together = np.concatenate(magnitudes)
    count = pruned_count(together.size, sparsity)
    if not count:
        return [np.zeros(layer.size, np.bool_) for layer in magnitudes]
    threshold = np.partition(together, count - 1)[count - 1]
    pruned = together < threshold
    equal = np.flatnonzero(together == threshold)
    pruned[equal[: count - int(np.count_nonzero(pruned))]] = True
    return np.split(pruned, np.cumsum([layer.size for layer in magnitudes])[:-1])

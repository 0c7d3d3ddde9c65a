"""Survivors of a trellis search: what each decided before, and the choice of the two best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.kernels.sequences import Floats

_Candidates = tuple[Floats, NDArray[np.intp]]  # costs and their places


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What each survivor decided in a block that is not settled yet.

    Parameters
    ----------
    start
        First column.
    errors, levels, quantizers
        [paths, rows, columns].
    """

    start: int
    errors: Floats
    levels: NDArray[np.int32]
    quantizers: NDArray[np.uint8]

    def of(self, ancestors: NDArray[np.intp]) -> Past:
        """Return the past of new survivors; `ancestors` are indices into [paths * rows]."""
        shape = self.errors.shape

        def inherited(past: NDArray[Any]) -> NDArray[Any]:
            return past.reshape(-1, shape[2]).take(ancestors, axis=0).reshape(shape)

        return Past(self.start, inherited(self.errors), inherited(self.levels), inherited(self.quantizers))

    def then(self, later: Past) -> Past:
        """Return this and what follows as one."""
        return Past(
            self.start,
            np.concatenate([self.errors, later.errors], axis=2),
            np.concatenate([self.levels, later.levels], axis=2),
            np.concatenate([self.quantizers, later.quantizers], axis=2),
        )


def two_least(costs: Floats, places: NDArray[np.intp]) -> tuple[Floats, NDArray[np.intp]]:
    """Return the two least of four costs along axis 0, and their places; of equals the first."""
    (a, a2), (b, b2) = (_sorted(costs[i : i + 2], places[i : i + 2]) for i in (0, 2))
    b_first = b[0] < a[0]
    second = _chosen(b_first, _chosen(b2[0] < a[0], b2, a), _chosen(b[0] < a2[0], b, a2))
    first = _chosen(b_first, b, a)
    return np.stack([first[0], second[0]]), np.stack([first[1], second[1]])


def _sorted(costs: Floats, places: NDArray[np.intp]) -> tuple[_Candidates, _Candidates]:
    """Return the lesser and the greater of two costs with their places."""
    first, second = (costs[0], places[0]), (costs[1], places[1])
    swapped = costs[1] < costs[0]
    return _chosen(swapped, second, first), _chosen(swapped, first, second)


def _chosen(condition: NDArray[np.bool_], one: _Candidates, other: _Candidates) -> _Candidates:
    return np.where(condition, one[0], other[0]), np.where(condition, one[1], other[1])

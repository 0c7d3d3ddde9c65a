"""Shrinkage of second moments from few samples, chosen by cross-validation.

Moments are shrunk towards their diagonal and, where that is better, towards what the weights tell about them
(`prior_share.py`).

Moments of half of the samples, shrunk, are judged by how likely they make the other half (a Gaussian
likelihood, its scale left open). For error feedback that is the right judge: noise shaped by one matrix makes
an output error, at a given rate, as large as this likelihood is small under the other. No formula from counts
does as well: positions of one sample may be worth much or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, lapack

Floats = NDArray[np.float64]

_SHARES = (0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75)
_PRIOR_SHARES = (0.0, 0.3, 0.6, 0.9)
_FIRST = 3, 0  # where the search begins
_LEAST_SHARE = 2  # less is hardly worth asking what it is a share of
_MOST_COLUMNS = 768  # more of them are thinned out
_MOST_BLOCKS = 16
_LEAST_POWER = 1e-6  # of an input, relative to the mean
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How to use second moments.

    Parameters
    ----------
    share
        Share of what they are shrunk towards.
    inflation
        Power of an output error with other samples, relative to what the shrunk moments tell, at least 1.
    prior_share
        Share of what the weights tell in that; the rest is the moments' diagonal.
    """

    share: float
    inflation: float = 1.0
    prior_share: float = 0.0

    def shrink(self, moments: Floats, weight_prior: Floats | None) -> Floats:
        """Return shrunk moments.

        Parameters
        ----------
        moments
            float64 [blocks, size, size].
        weight_prior
            What weights tell, of the same shape and any scale; None if it is not asked for.
        """
        every = np.arange(moments.shape[1])
        diagonals = np.einsum("bii->bi", moments).clip(min=0)
        shrunk: Floats = moments * (1 - self.share)
        towards = self.share * (1 - self.prior_share)
        shrunk[:, every, every] = diagonals * (1 - self.share + towards)
        if weight_prior is not None and self.prior_share:
            scales = diagonals.sum(axis=1) / np.einsum("bii->b", weight_prior).clip(min=_TINY)
            shrunk += (self.share * self.prior_share * scales)[:, None, None] * weight_prior
        return shrunk


def thinned(blocks: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the blocks and the columns that cross-validation looks at, evenly spaced."""
    few = np.linspace(0, blocks - 1, min(blocks, _MOST_BLOCKS)).astype(np.intp)
    return few, np.linspace(0, size - 1, min(size, _MOST_COLUMNS)).astype(np.intp)


def choose_shrinkage(halves: tuple[Floats, Floats], weight_prior: Floats | None = None) -> Shrinkage | None:
    """Return the shrinkage for moments over all samples, None if they tell nothing.

    Parameters
    ----------
    halves
        Second moments about the common mean over two halves of the samples, float64 [blocks, size, size],
        of some blocks and columns (see `thinned`); they are changed.
    weight_prior
        What weights tell about them, of the same shape and any scale.
    """
    first, second = halves
    size = first.shape[1]
    least = _LEAST_POWER * (np.einsum("bii->b", first) + np.einsum("bii->b", second)) / size
    if not (least > 0).all():
        return None
    every = np.arange(size)
    for half in (first, second):
        half[:, every, every] += least[:, None]
    known: dict[tuple[int, int], tuple[float, float]] = {}

    def loss(place: tuple[int, int]) -> float:
        if place not in known:
            candidate = Shrinkage(_SHARES[place[0]], prior_share=_PRIOR_SHARES[place[1]])
            results = [
                _judge(candidate.shrink(train, weight_prior), test)
                for train, test in ((first, second), (second, first))
            ]
            known[place] = tuple(np.mean(results, axis=0))
        return known[place][0]

    best = _FIRST
    try:
        while (better := min([best, *_around(best, weight_prior is not None)], key=loss)) != best:
            best = better
    except np.linalg.LinAlgError:
        return None
    # All samples need less than a half of them: measured on the last layers of three networks.
    share = _SHARES[best[0]]
    inflation = max(1 + (known[best][1] - 1) / 2, 1.0)
    return Shrinkage(share * (0.5 + 0.4 * share), inflation, _PRIOR_SHARES[best[1]])


def _around(place: tuple[int, int], has_prior: bool) -> Iterator[tuple[int, int]]:
    """Yield places next to one in the search."""
    share, prior_share = place
    for near in (share - 1, share + 1):
        if 0 <= near < len(_SHARES):
            yield near, prior_share
    for near in (prior_share - 1, prior_share + 1):
        if has_prior and share >= _LEAST_SHARE and 0 <= near < len(_PRIOR_SHARES):
            yield share, near


def _judge(shrunk: Floats, test: Floats) -> tuple[float, float]:
    """Return how unlikely `test` is under `shrunk`, and its power relative to it."""
    size = shrunk.shape[1]
    power = logarithm = 0.0
    for own, other in zip(shrunk, test, strict=True):
        factor = cholesky(own, lower=True, check_finite=False)
        logarithm += 2 * float(np.log(np.diagonal(factor)).sum())
        inverse, _ = lapack.dpotri(factor, lower=True)  # its lower triangle
        products = inverse * other
        power += 2 * float(products.sum()) - float(np.trace(products))
    elements = len(shrunk) * size
    return np.log(power / elements) + logarithm / elements, power / elements

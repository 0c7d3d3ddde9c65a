"""How far second moments from few samples are to be trusted: shrinkage by cross-validation.

Moments of half of the samples, shrunk towards their diagonal, are judged by how likely they make the other
half (a Gaussian likelihood, its scale left open). For error feedback that is the right judge: noise shaped by
one matrix makes an output error, at a given rate, as large as this likelihood is small under the other.
No formula from counts does as well: positions of one sample may be worth much or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHARES = (0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75)
_FIRST = 3  # where the search begins
_MOST_COLUMNS = 768  # more of them are thinned out
_MOST_BLOCKS = 16
_LEAST_POWER = 1e-6  # of an input, relative to the mean


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How to use second moments.

    Parameters
    ----------
    share
        Share of the diagonal.
    inflation
        Power of an output error with other samples, relative to what the shrunk moments tell, at least 1.
    """

    share: float
    inflation: float


def choose_shrinkage(halves: tuple[Floats, Floats]) -> Shrinkage | None:
    """Return the shrinkage for moments over all samples, None if they tell nothing.

    Parameters
    ----------
    halves
        Second moments about the common mean over two halves of the samples, float64 [blocks, size, size].
    """
    blocks = np.linspace(0, len(halves[0]) - 1, min(len(halves[0]), _MOST_BLOCKS)).astype(int)
    size = halves[0].shape[1]
    columns = np.linspace(0, size - 1, min(size, _MOST_COLUMNS)).astype(int)
    first, second = (half[np.ix_(blocks, columns, columns)] for half in halves)
    least = _LEAST_POWER * np.einsum("bii->b", first + second) / len(columns)
    if not (least > 0).all():
        return None
    every = np.arange(len(columns))
    for half in (first, second):
        half[:, every, every] += least[:, None]
    known: dict[int, tuple[float, float]] = {}

    def loss(index: int) -> float:
        if index not in known:
            results = [_judge(*pair, _SHARES[index]) for pair in ((first, second), (second, first))]
            known[index] = tuple(np.mean(results, axis=0))
        return known[index][0]

    best = _FIRST
    try:
        while True:
            around = [i for i in (best - 1, best, best + 1) if 0 <= i < len(_SHARES)]
            better = min(around, key=loss)
            if better == best:
                break
            best = better
    except np.linalg.LinAlgError:
        return None
    # All samples need less than a half of them: measured on the last layers of three networks.
    share = _SHARES[best]
    return Shrinkage(share * (0.5 + 0.4 * share), max(1 + (known[best][1] - 1) / 2, 1.0))


def _judge(train: Floats, test: Floats, share: float) -> tuple[float, float]:
    """Return how unlikely `test` is under `train`, shrunk, and its power relative to it."""
    every = np.arange(train.shape[1])
    shrunk = train * (1 - share)
    shrunk[:, every, every] = np.einsum("bii->bi", train)
    power = float(np.einsum("bij,bji->", np.linalg.inv(shrunk), test)) / (len(train) * len(every))
    return np.log(power) + float(np.linalg.slogdet(shrunk)[1].mean()) / len(every), power

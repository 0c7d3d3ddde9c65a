"""How errors of weights come out of their layer: factors of the inputs' second moments.

An error e of a row of weights makes an output error of power e H e^T, H = E[x x^T]. With H = M M^T, M upper
triangular, that is |e @ M|^2, and errors of early columns can be made up for by later ones (`feedback.py`).
What a column still adds is its error times M's diagonal. Steps inversely proportional to the diagonal make
all columns add alike: the fewest bits for a given output error (reverse water-filling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.decoder.tensor.transform import Transform
from codec.encoder.calibration.layers import Along
from codec.encoder.calibration.statistics import TensorStatistics
from codec.encoder.quantize.dct import forward

_SHRINKAGE = 0.1
_MOST_SHRINKAGE = 0.7
_LEAST_SHRINKAGE = 1e-4
_DEAD = 1e-6
"""Inputs of less than this part of the mean power count as if they had it."""


@dataclass(frozen=True, slots=True, eq=False)
class OutputMetric:
    """What errors of weights do to a layer's output.

    Parameters
    ----------
    factors
        float64 [groups, size, size], upper triangular: |error @ factor|^2 is the power of an output error.
    along
        Whether rows or columns of the matrix are split among the groups.
    moments
        float64 [groups, size, size]: second moments as measured, not shrunk.
    mean
        float64 [groups, size]: mean input.
    """

    factors: NDArray[np.float64]
    along: Along
    moments: NDArray[np.float64]
    mean: NDArray[np.float64]

    def power(self, matrix: NDArray[np.float64]) -> float:
        """Return the output power of a matrix, summed over its rows."""
        groups, size, _ = self.factors.shape
        if self.along is Along.ROWS:
            rows = matrix.reshape(groups, -1, size)
        else:
            rows = matrix.reshape(-1, groups, size).swapaxes(0, 1)
        return float(((rows @ self.moments) * rows).sum())


def output_metric(
    statistics: TensorStatistics, transform: Transform | None = None, *, centred: bool
) -> OutputMetric:
    """Return the metric of a layer.

    Parameters
    ----------
    statistics
        Of the layer's inputs; not a diagonal alone.
    transform
        Domain of the weights: coefficients of this transform; blocks along rows only.
    centred
        Whether the mean of the output error does not count, as something else makes up for it.

    Raises
    ------
    numpy.linalg.LinAlgError
        The moments are not positive definite, however they are shrunk.
    """
    moments = statistics.moment.astype(np.float64)
    mean = statistics.mean.astype(np.float64).reshape(moments.shape[:2])
    if centred:
        moments -= mean[:, :, None] * mean[:, None, :]
    if transform is not None:
        moments = np.stack([_transformed(moment, transform) for moment in moments])
        mean = forward(mean.ravel(), transform).reshape(mean.shape)
    return OutputMetric(_factors(_shrunk(moments, statistics)), statistics.along, moments, mean)


def _transformed(moment: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """Return the second moment in the domain of a transform (nearly orthonormal)."""
    half = forward(moment.ravel(), transform).reshape(moment.shape)
    return forward(half.T.ravel(), transform).reshape(moment.shape)


def _shrunk(moments: NDArray[np.float64], statistics: TensorStatistics) -> NDArray[np.float64]:
    """Shrink second moments towards their diagonals, the more the fewer samples they come from.

    Positions of one sample are far from independent: as many count as their square root.
    """
    size = moments.shape[1]
    independent = np.sqrt(statistics.vectors * statistics.images)
    share = min(max(_SHRINKAGE * size / independent, _LEAST_SHRINKAGE), _MOST_SHRINKAGE)
    diagonals = np.einsum("gii->gi", moments).clip(min=0)
    every = np.arange(size)
    shrunk = moments * (1 - share)
    least = _DEAD * diagonals.mean(axis=1, keepdims=True)
    shrunk[:, every, every] = np.maximum(diagonals, least) + least
    return shrunk


def _factors(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return M, upper triangular, with M M^T = moments."""
    backwards: NDArray[np.float64] = np.linalg.cholesky(moments[:, ::-1, ::-1])
    return np.ascontiguousarray(backwards[:, ::-1, ::-1])

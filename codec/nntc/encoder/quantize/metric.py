"""Metric of weight errors as a layer's outputs see them: factors of the inputs' second moments.

An error e of a row of weights makes an output error of power e H e^T, H = E[x x^T]. With H = M M^T, M upper
triangular, that is |e @ M|^2, and errors of early columns can be made up for by later ones (`feedback.py`).
What a column still adds is its error times M's diagonal. Steps inversely proportional to the diagonal make
all columns add alike: the fewest bits for a given output error (reverse water-filling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.quantize.dct import forward
from nntc.format.transform import Transform

_DAMPING = 1e-4
_RIDGE = 0.2
"""What a weight's error counts by itself, relative to what the error of an output may be."""
_LEAST_COLUMN = 0.01
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
    statistics: TensorStatistics,
    matrix: NDArray[np.float64],
    noise: float,
    transform: Transform | None = None,
    *,
    centred: bool,
) -> OutputMetric:
    """Return the metric of a layer.

    Parameters
    ----------
    statistics
        Of the layer's inputs; not a diagonal alone.
    matrix
        float64 [rows, columns]: the weights, in the domain of the transform.
    noise
        Power of the output error to be made, relative to the output's.
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
    weight_prior = None if statistics.weight_prior is None else statistics.weight_prior.astype(np.float64)
    mean = statistics.mean.astype(np.float64).reshape(moments.shape[:2])
    if centred:
        moments -= mean[:, :, None] * mean[:, None, :]
    if transform is not None:
        moments = _transformed(moments, transform)
        weight_prior = None if weight_prior is None else _transformed(weight_prior, transform)
        mean = forward(mean.ravel(), transform).reshape(mean.shape)
    shrunk = _positive(statistics.shrinkage.shrink(moments, weight_prior))
    power = OutputMetric(shrunk, statistics.along, moments, mean).power(matrix) / matrix.size
    columns = np.mean(matrix * matrix, axis=0)
    # Errors larger than the weights themselves help nothing, even where the samples do not see them.
    weak = noise * power / np.maximum(columns, _LEAST_COLUMN * columns.mean())
    size = shrunk.shape[1]
    every = np.arange(size)
    shrunk[:, every, every] += _RIDGE * weak.reshape(-1, size)
    return OutputMetric(_factors(shrunk), statistics.along, moments, mean)


def _transformed(moments: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """Return second moments in the domain of a transform (nearly orthonormal)."""
    shape = moments.shape
    half = forward(moments.ravel(), transform).reshape(shape).swapaxes(1, 2)
    return forward(half.ravel(), transform).reshape(shape)


def _positive(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make second moments a little larger along the diagonal, for their factors' sake."""
    every = np.arange(moments.shape[1])
    diagonals = moments[:, every, every]
    least = _DEAD * diagonals.mean(axis=1, keepdims=True)
    moments[:, every, every] = np.maximum(diagonals, least) * (1 + _DAMPING)
    return moments


def _factors(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return M, upper triangular, with M M^T = moments."""
    backwards = np.linalg.cholesky(moments[:, ::-1, ::-1])
    return np.ascontiguousarray(backwards[:, ::-1, ::-1], np.float64)

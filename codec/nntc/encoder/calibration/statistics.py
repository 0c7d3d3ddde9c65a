"""Second moments of what each weight tensor is multiplied with: H = E[x x^T] in the order of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.shrinkage import Shrinkage
from nntc.format.view import View
from nntc.onnx.tensor import Path

DAMPING = 1e-3
_SHRINKAGE, _MAX_SHRINKAGE = 0.1, 0.7
Matrix = NDArray[np.floating[Any]]


def in_blocks(matrix: Matrix, blocks: int, size: int, along: Along) -> Matrix:
    """Return a matrix as (blocks, rows of a block, size)."""
    if along is Along.ROWS:
        return matrix.reshape(blocks, -1, size)
    return matrix.reshape(-1, blocks, size).transpose(1, 0, 2)


@dataclass(frozen=True, slots=True, eq=False)
class TensorStatistics:
    """What a tensor's matrix is multiplied with.

    Parameters
    ----------
    view
        The matrix: rows are outputs. That of the tensor's role, except for stacks of matrices.
    moment
        Mean of x x^T, float32: shape (blocks, size, size), or (blocks, size) where it is its diagonal only.
    mean
        Mean of x, float32, shape (blocks, size).
    along
        What blocks are to the matrix: of ROWS, `view.rows / blocks` successive rows have one block each, and
        `size` is the number of columns; of COLUMNS, `size` successive columns of every row.
    images
        Batches that it was seen in.
    vectors
        Vectors x of each block that the means are over.
    positions
        Vectors that there are in a batch, on average.
    row_weights
        How often each row is looked up, relative to their mean, float64, shape (rows,), for tables that are
        used in no other way; None otherwise.
    cross_validated
        Shrinkage of the moment that cross-validation chose; None where there was too little for it.
    weight_prior
        What weights tell about the moment, of its shape and any scale, where the shrinkage asks for it.
    """

    view: View
    moment: NDArray[np.float32]
    mean: NDArray[np.float32]
    along: Along
    images: int
    vectors: int
    positions: float
    row_weights: NDArray[np.float64] | None = None
    cross_validated: Shrinkage | None = None
    weight_prior: NDArray[np.float32] | None = None

    @property
    def is_diagonal(self) -> bool:
        """Whether only the diagonal of the moment is known."""
        return self.moment.ndim == 2

    @property
    def diagonal(self) -> NDArray[np.float32]:
        """Mean of each element of x squared, shape (blocks, size)."""
        return self.moment if self.is_diagonal else np.diagonal(self.moment, axis1=1, axis2=2)

    @property
    def power(self) -> float:
        """Mean of all elements of x squared."""
        return float(self.diagonal.mean(dtype=np.float64))

    def blocked(self, matrix: Matrix) -> Matrix:
        """Return a matrix of `view`'s shape as (blocks, rows of a block, size)."""
        return in_blocks(matrix, self.moment.shape[0], self.moment.shape[1], self.along)

    def unblocked(self, blocks: Matrix) -> Matrix:
        """Return the matrix that `blocked` gave."""
        if self.along is Along.COLUMNS:
            blocks = blocks.transpose(1, 0, 2)
        return blocks.reshape(self.view.rows, -1)

    @property
    def shrinkage(self) -> Shrinkage:
        """How far to shrink a moment: as cross-validated, else by the number of vectors.

        Vectors of one image are far from independent: their number counts by its square root.
        """
        if self.cross_validated is not None:
            return self.cross_validated
        per_image = self.vectors / self.images
        share: float = _SHRINKAGE * self.moment.shape[1] / (self.images * per_image**0.5)
        return Shrinkage(min(share, _MAX_SHRINKAGE))

    def regularized(self, block: int, damping: float = DAMPING) -> NDArray[np.float64]:
        """Return the moment of a block, shrunk and damped to be positive definite, shape (size, size).

        Parameters
        ----------
        block
            Its number.
        damping
            Added to the diagonal, relative to its mean.
        """
        diagonal = self.diagonal[block].astype(np.float64)
        if self.is_diagonal:
            result = np.diag(diagonal)
        else:
            moment = self.moment[block, None].astype(np.float64)
            weight_prior = (
                None if self.weight_prior is None else self.weight_prior[block, None].astype(np.float64)
            )
            result = self.shrinkage.shrink(moment, weight_prior)[0]
        result[np.diag_indices_from(result)] += damping * max(float(diagonal.mean()), self.power * damping)
        return result

    def output_power(self, matrix: Matrix) -> float:
        """Return the mean square of the outputs of a matrix, trace(W H W^T) / rows, perhaps infinite."""
        with np.errstate(over="ignore", invalid="ignore"):
            by_row = self._powers(np.asarray(matrix, np.float64), self.moment.astype(np.float64))
            if self.row_weights is not None:
                by_row *= self.row_weights
            power = float(by_row.sum()) / self.view.rows
        return power if np.isfinite(power) else np.inf

    def _powers(self, matrix: Matrix, moment: Matrix) -> NDArray[np.float64]:
        """Return w H w^T of each row of each block, in the arithmetic of the matrix."""
        rows = self.blocked(matrix)
        products = rows * moment[:, None, :] if self.is_diagonal else rows @ moment
        powers: NDArray[np.float64] = (products * rows).sum(axis=2, dtype=np.float64)
        return powers


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a network's tensors.

    Parameters
    ----------
    tensors
        By path. Tensors of equal bytes have the same object, for the uses of all of them.
    missing
        Why other floating-point tensors of two axes or more have none.
    """

    tensors: Mapping[Path, TensorStatistics]
    missing: Mapping[Path, str] = field(default_factory=dict)

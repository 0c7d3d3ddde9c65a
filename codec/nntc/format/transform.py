"""Inverse transform of blocks: Walsh-Hadamard across planes, DCT within.

Implements SPEC.md 9.8 (R-550).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nntc.format.dct import BASIS_BITS, basis, hadamard

_Float = TypeVar("_Float", np.float32, np.float64)

MAX_TRANSFORM_INPUT = 1 << 23
"""Largest magnitude of what is transformed, once planes are mixed; before, less by their number."""
SCALE = 2.0 ** (-2 * BASIS_BITS)
"""What the result is to be multiplied by."""
_ALONE = 1 << 18
"""Multiplications of a product of matrices up to which OpenBLAS starts no threads."""

_ONE_PRODUCT = 64
"""Elements of a plane up to which one product takes less time than one for rows and one for columns."""


@dataclass(frozen=True, slots=True)
class Transform:
    """Blocks of 2**mix planes of height x width.

    Parameters
    ----------
    height, width
        1..16.
    mix
        0..6.
    """

    height: int
    width: int
    mix: int = 0

    @classmethod
    def of(cls, block: int, mix: int) -> Transform:
        """Return what the fields of a uniform record say."""
        return cls((block >> 4) + 1, (block & 15) + 1, mix)

    @property
    def block(self) -> int:
        """Height and width as the field of a uniform record has them."""
        return (self.height - 1) << 4 | (self.width - 1)

    @property
    def period(self) -> int:
        """Elements of a block."""
        return self.height * self.width << self.mix

    @property
    def limit(self) -> int:
        """Largest magnitude of an input."""
        return MAX_TRANSFORM_INPUT >> self.mix

    def inverse(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transform whole blocks.

        Parameters
        ----------
        x
            float64, rank 1, integers within `limit`, whole blocks one after the other.

        Returns
        -------
        float64, rank 1, exact integers.
        """
        area = self.height * self.width
        if self.mix:
            planes = 1 << self.mix
            # Sums stay within 2**23: binary32 is exact, and twice as fast.
            blocks = x.astype(np.float32).reshape(-1, planes, area)
            if area == 1:
                mixed = _product(blocks.reshape(-1, planes), hadamard(self.mix))
            else:
                mixed = _product(blocks.swapaxes(1, 2).reshape(-1, planes), hadamard(self.mix))
                mixed = mixed.reshape(-1, area, planes).swapaxes(1, 2)
            x = mixed.astype(np.float64, order="C").ravel()
        if area == 1:
            return x * 4.0**BASIS_BITS
        if area <= _ONE_PRODUCT:
            return _product(x.reshape(-1, area), _kernel(self.height, self.width)).ravel()
        in_rows = _product(x.reshape(-1, self.width), basis(self.width)).reshape(-1, self.height, self.width)
        transformed: NDArray[np.float64] = np.matmul(basis(self.height).T, in_rows).ravel()
        return transformed


def _product(rows: NDArray[_Float], matrix: NDArray[_Float]) -> NDArray[_Float]:
    """Return rows @ matrix, whose sums are exact in any order, by products that start no threads.

    A BLAS library's threads wait for one another in loops, on a busy machine longer than they compute.
    """
    some = max(_ALONE // matrix.size, 1)
    found = np.empty((len(rows), matrix.shape[1]), rows.dtype)
    whole = len(rows) // some * some
    stacks = rows[:whole].reshape(-1, some, len(matrix))
    np.matmul(stacks, matrix, out=found[:whole].reshape(-1, some, matrix.shape[1]))
    np.matmul(rows[whole:], matrix, out=found[whole:])
    return found


@cache
def _kernel(height: int, width: int) -> NDArray[np.float64]:
    """Return what a plane as a row vector is to be multiplied by."""
    return np.kron(basis(height), basis(width)).astype(np.float64)

"""Forward transform for the integer inverse DCT of the format."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.format.dct import BASIS_BITS, MAX_BLOCK, basis
from codec.format.view import View


def forward(values: NDArray[np.float64], block: tuple[int, int]) -> NDArray[np.float64]:
    """Return the orthonormal 2-D DCT-II of each block of height * width values in coded order, rank 1.

    The basis is the format's, scaled back: inverse and transpose differ by its rounding only.
    """
    matrix = np.kron(basis(block[0]), basis(block[1])) * 2.0 ** (-2 * BASIS_BITS)
    return (values.reshape(-1, block[0] * block[1]) @ matrix.T).ravel()


def kernel_block(dims: tuple[int, ...], view: View) -> tuple[int, int] | None:
    """Return the block that covers a convolution's kernel, or None where no block of 16 x 16 does.

    Parameters
    ----------
    dims
        Shape of the weights; the kernel is what follows the first two.
    """
    kernel = [n for n in dims[2:] if n > 1]
    if view.period == 1 or int(np.prod(kernel)) != view.period or len(kernel) > 2:
        return None
    height, width = kernel if len(kernel) == 2 else (1, kernel[0])
    return (height, width) if max(height, width) <= MAX_BLOCK else None

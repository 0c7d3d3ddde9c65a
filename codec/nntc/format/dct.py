"""DCT basis and Walsh-Hadamard matrices, both integers.

Implements SPEC.md 9.8 and appendix A (R-550).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

BASIS_BITS = 12
"""Fixed-point bits of the basis; a two-dimensional transform scales by 2 to twice that."""

MAX_BLOCK = 16
MAX_MIX = 6
"""Largest t: 2**t planes of a block are mixed."""


@cache
def basis(n: int) -> NDArray[np.float64]:
    """Return the orthonormal DCT-II basis of `n` points, scaled and rounded to integers.

    Parameters
    ----------
    n
        1..16.

    Returns
    -------
    float64 [n, n] of integers, row k is frequency k. Exact: no entry lies near a rounding tie (the
    nearest is 0.005 away, tested), so every correctly working cosine gives the same integers.
    """
    k = np.arange(n, dtype=np.float64)[:, None]
    x = np.arange(n, dtype=np.float64)[None, :]
    scale = np.sqrt(np.minimum(k + 1, 2) / n)  # 1 / n for frequency 0, else 2 / n
    rounded: NDArray[np.float64] = np.rint(
        2.0**BASIS_BITS * scale * np.cos(np.pi * (2 * x + 1) * k / (2 * n))
    )
    return rounded


@cache
def hadamard(t: int) -> NDArray[np.float32]:
    """Return the Walsh-Hadamard matrix of 2**t points in natural order, float32 of ones and minus ones."""
    matrix = np.ones((1, 1), np.float32)
    for _ in range(t):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix

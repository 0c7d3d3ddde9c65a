"""Integer DCT basis (SPEC.md, "Inverse DCT" and its appendix)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

BASIS_BITS = 14
"""Fixed-point bits of the basis; a two-dimensional transform scales by 2 to twice that."""

MAX_BLOCK = 16


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
    nearest is 0.008 away, tested), so every correctly working cosine gives the same integers.
    """
    k = np.arange(n)[:, None]
    x = np.arange(n)[None, :]
    scale = np.where(k == 0, np.sqrt(1 / n), np.sqrt(2 / n)) * 2.0**BASIS_BITS
    return np.rint(scale * np.cos(np.pi * (2 * x + 1) * k / (2 * n)))

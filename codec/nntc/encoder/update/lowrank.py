"""Changes of weights as products of two small matrices of integers.

What training changes in a matrix is a sum of few outer products, of gradients with inputs: mostly a handful
of singular vectors hold nearly all of it. Both factors are rounded to integers with one step for each rank,
so chosen that every integer makes the same noise in the product: with a step s / sigma for both factors of
singular value sigma together, rows + columns integers of noise s / 12 each. The second factor is fitted
again once the first is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.uniform import WHOLE
from nntc.encoder.tensor.difference import Product
from nntc.format.differences import MAX_FACTOR, MAX_RANK, MAX_RANK_CODE
from nntc.format.steps import MIN_STEP, STEP_CODES

_RANK_OVERHEAD = 3.0
"""Least power of a rank, in units of the noise of its integers: below it takes more bits than it is worth."""
_TIMES = 0.5, 1.0, 2.0
_RANKS = 1.0, 0.7, 0.45
_LARGEST = 4096
"""Rows or columns up to which all singular vectors are computed; of more, only the first."""
_EXTRA, _ROUNDS = 8, 3


class Spectrum(NamedTuple):
    """The first singular vectors of a matrix, and their values, descending."""

    left: NDArray[np.float64]
    values: NDArray[np.float64]
    right: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LowRank:
    """A product for a change.

    Parameters
    ----------
    change
        float64 [rows, columns]: what it makes.
    error
        Sum of the squares of what is left.
    bits
        About how many it takes.
    """

    product: Product
    change: NDArray[np.float64]
    error: float
    bits: float


def spectrum(matrix: NDArray[np.float64]) -> Spectrum:
    """Return the singular vectors that a product can have, float64 [rows, columns] given.

    Of large matrices they are found by iteration with a random start, always the same.
    """
    rows, columns = matrix.shape
    most = min(MAX_RANK, rows, columns, max(1, 2 * matrix.size // (rows + columns)))
    if min(rows, columns) <= _LARGEST // 8 or most + _EXTRA >= min(rows, columns):
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        return Spectrum(left[:, :most], values[:most], right[:most])
    start = np.random.default_rng(0).standard_normal((columns, most + _EXTRA))
    basis = np.linalg.qr(matrix @ start)[0]
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(matrix @ np.linalg.qr(matrix.T @ basis)[0])[0]
    left, values, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    return Spectrum((basis @ left)[:, :most], values[:most], right[:most])


def products(matrix: NDArray[np.float64], found: Spectrum, noise: float) -> Iterator[LowRank]:
    """Yield products near the best one where every integer may have a noise.

    Parameters
    ----------
    matrix
        float64 [rows, columns]: the change.
    found
        Its spectrum.
    noise
        Power of an error that is worth 2 ln 2 bits for each time it occurs: that of a weight.
    """
    least = _RANK_OVERHEAD * sum(matrix.shape) * noise
    rank = int(np.count_nonzero(np.square(found.values) > least))
    if not rank:
        return
    done = set()
    for share in _RANKS:
        own = max(1, round(rank * share))
        for times in _TIMES:
            if (own, times) not in done:
                done.add((own, times))
                one = _product(matrix, found, own, 12 * times * noise)
                if one is not None:
                    yield one


def _product(matrix: NDArray[np.float64], found: Spectrum, rank: int, step: float) -> LowRank | None:
    """Return the product with a step of all ranks relative to their singular values; None out of range."""
    wanted = step / found.values[:rank]
    unit = float(np.float32(wanted.min() / STEP_CODES[0]))
    if not MIN_STEP <= unit < np.inf:
        return None
    codes = np.clip(
        np.searchsorted(STEP_CODES, wanted / unit * (1 + 2.0**-12), side="right") - 1, 0, MAX_RANK_CODE
    )
    steps = unit * STEP_CODES[codes]
    left = WHOLE.multiples(found.left[:, :rank] * np.sqrt(found.values[:rank] / steps))
    used = left.any(axis=0)
    if not used.any():
        return None
    left, steps, codes = left[:, used], steps[used], codes[used]
    scaled = left * steps
    # Fitted again to what rounding has made of the first factor.
    right = WHOLE.multiples(np.linalg.lstsq(scaled, matrix, rcond=None)[0])
    if max(np.abs(left).max(), np.abs(right).max()) > MAX_FACTOR:
        return None
    change = scaled @ right
    product = Product(unit, codes.astype(np.uint8), left.astype(np.int64), right.astype(np.int64))
    bits = _entropy(product.left) + _entropy(product.right) + 8 * codes.size + 200
    return LowRank(product, change, float(np.square(matrix - change).sum()), bits)


def _entropy(values: NDArray[np.int64]) -> float:
    """Return about how many bits integers take, with their table."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts @ np.log2(counts / values.size))) + 3.0 * counts.size

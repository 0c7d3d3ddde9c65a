"""Rates of levels before anything is counted, from the scale alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nntc.encoder.quantize.scales import CLASSES_PER_OCTAVE
from nntc.encoder.quantize.trellis import MIN_LEVEL

LOWEST_CLASS = -8 * CLASSES_PER_OCTAVE
"""Scale class of table pair 0: a mean magnitude of 2**-8 steps."""
CLASS_COUNT = 18 * CLASSES_PER_OCTAVE
FAMILIES = 12
"""Families of tables by the share of weights that were not pruned: 1, then two to an octave."""
_FAMILIES_PER_OCTAVE = 2


@cache
def expected_bits() -> NDArray[np.float32]:
    """Return the cost of tokens where only the scale is known.

    Returns
    -------
    float32 [2 * CLASS_COUNT, 256]: bits of each token under table 2 * class + quantizer, halfway between
    what a Gaussian and a Laplacian of that mean magnitude would give.
    """
    k = np.arange(256) + MIN_LEVEL
    magnitude = np.abs(k).astype(np.float64)
    # Bins around the points 2k, and around 2k - sign(k).
    upper = [2 * magnitude + 1, np.where(k == 0, 0.5, 2 * magnitude)]
    lower = [
        np.where(k == 0, -1, 2 * magnitude - 1),
        np.where(k == 0, -0.5, np.where(magnitude == 1, 0.5, 2 * magnitude - 2)),
    ]
    rows = []
    for number in range(CLASS_COUNT):
        mean = 2.0 ** ((number + LOWEST_CLASS) / CLASSES_PER_OCTAVE)
        for a, b in zip(lower, upper, strict=True):
            gauss = ndtr(b / (mean * np.sqrt(np.pi / 2))) - ndtr(a / (mean * np.sqrt(np.pi / 2)))
            laplace = _laplace(b / mean) - _laplace(a / mean)
            p = 0.5 * gauss + 0.5 * laplace + 2.0**-20
            rows.append(-np.log2(p / p.sum()))
    return np.array(rows, np.float32)


@cache
def pruned_bits(family: int) -> NDArray[np.float32]:
    """Return the costs of `expected_bits` for weights of which so many were pruned.

    Parameters
    ----------
    family
        See `family_of`. Classes are those of the weights that are left.
    """
    if not family:
        return expected_bits()
    left = density_of(family)
    probabilities = left * 2.0 ** -expected_bits().astype(np.float64)
    probabilities[:, -MIN_LEVEL] += 1 - left
    bits: NDArray[np.float64] = -np.log2(probabilities)
    return bits.astype(np.float32)


def family_of(density: float) -> int:
    """Return the family of tables for weights of which this share was not pruned, 0 < density <= 1."""
    return min(int(np.rint(-_FAMILIES_PER_OCTAVE * np.log2(density))), FAMILIES - 1)


def density_of(family: int) -> float:
    """Return the share that `family_of` stands for."""
    return float(2.0 ** (-family / _FAMILIES_PER_OCTAVE))


@cache
def expected_entropy() -> NDArray[np.float64]:
    """Return bits per level for each scale class, float64 [CLASS_COUNT], either quantizer being as likely."""
    bits = expected_bits().astype(np.float64)
    entropy: NDArray[np.float64] = np.sum(bits * 2.0**-bits, axis=1).reshape(CLASS_COUNT, 2).mean(axis=1)
    return entropy


def _laplace(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distribution function of the Laplacian with mean magnitude 1."""
    return np.where(x < 0, 0.5 * np.exp(-np.abs(x)), 1 - 0.5 * np.exp(-np.abs(x)))

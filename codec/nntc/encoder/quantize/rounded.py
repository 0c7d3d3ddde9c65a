"""Rounding to an element type: what it does to numbers, and the steps that it leaves possible."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.registry import ElementType
from nntc.format.steps import MIN_STEP

_SIGNIFICANT = {
    ElementType.FLOAT16: 11,
    ElementType.BFLOAT16: 8,
    ElementType.FLOAT32: 24,
    ElementType.FLOAT64: 53,
}
_LEAST_EXPONENT = {
    ElementType.FLOAT16: -13,
    ElementType.BFLOAT16: -125,
    ElementType.FLOAT32: -125,
    ElementType.FLOAT64: -1021,
}


def relative_error(element: ElementType) -> float:
    """Return what rounding changes a number by at most, relative to it."""
    return 2.0 ** -_SIGNIFICANT[element]


def half_ulps(values: NDArray[np.float64], element: ElementType) -> NDArray[np.float64]:
    """Return what rounding may have changed each value by, float64."""
    least = _LEAST_EXPONENT[element]
    exponents = np.where(values == 0, least, np.maximum(np.frexp(np.abs(values))[1], least))
    halves: NDArray[np.float64] = np.ldexp(1.0, exponents - _SIGNIFICANT[element] - 1)
    return halves


def patterns(elements: NDArray[Any]) -> NDArray[Any]:
    """Return bit patterns, in which zeros have signs."""
    return elements.view(f"<u{elements.itemsize}")


def exact_step(
    values: NDArray[np.floating], multiples: NDArray[np.float64], half_ulps: NDArray[np.float64]
) -> list[float]:
    """Return binary32 steps that, times the multiples, may round to the values; the likeliest first.

    Parameters
    ----------
    values
        Rank 1, of the element type.
    multiples
        float64, exact.
    half_ulps
        float64: what rounding may have changed each value by.
    """
    used = multiples != 0
    sizes = np.abs(multiples[used])
    magnitudes = np.abs(values[used].astype(np.float64))
    low = float(np.max((magnitudes - half_ulps[used]) / sizes))
    high = float(np.min((magnitudes + half_ulps[used]) / sizes))
    if not 0 < low <= high * (1 + 1e-15):
        return []
    middle = np.float32((low + high) / 2)
    near = [middle]
    for direction in (np.float32(np.inf), np.float32(0)):
        step = middle
        for _ in range(2):
            step = np.nextafter(step, direction)
            near.append(step)
    slack = 1e-9 * high
    return [float(s) for s in near if low - slack <= float(s) <= high + slack and s >= MIN_STEP]

"""From scaled levels to elements: a product, a sum, and the one last rounding to the element type.

Implements SPEC.md 9.7 (R-540, R-541, R-543).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.registry import ElementType

_BFLOAT16_DIGITS = 8
_MIN_EXPONENT = -126
_INTEGERS: dict[ElementType, type[np.integer[Any]]] = {
    ElementType.INT8: np.int8,
    ElementType.UINT8: np.uint8,
}


def round_to_element(values: NDArray[np.float64], element: ElementType) -> NDArray[Any]:
    """Round to nearest even, once, straight from binary64.

    Parameters
    ----------
    values
        float64, any shape.
    element
        A floating-point or integer element type.

    Returns
    -------
    Same shape: float16, float32, float64, uint16 bit patterns of bfloat16, int8 or uint8. Overflow gives
    infinity, or the integer at the end of the type.
    """
    kind = _INTEGERS.get(element)
    if kind is not None:
        ends = np.iinfo(kind)
        return np.rint(np.clip(values, ends.min, ends.max)).astype(kind)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if element is ElementType.FLOAT32:
            return values.astype(np.float32)
        if element is ElementType.FLOAT16:
            return values.astype(np.float16)
        if element is ElementType.FLOAT64:
            return values
        # frexp: value = m * 2**e with 0.5 <= |m| < 1, so the leading bit stands for 2**(e - 1).
        exponent = np.maximum(np.frexp(values)[1] - 1, _MIN_EXPONENT) - (_BFLOAT16_DIGITS - 1)
        rounded = np.ldexp(np.rint(np.ldexp(values, -exponent)), exponent)
        bits: NDArray[np.uint32] = rounded.astype(np.float32).view(np.uint32)
        return (bits >> np.uint32(16)).astype(np.uint16)


def dequantize(
    levels: NDArray[Any],
    factors: float | NDArray[np.float64],
    offset: float,
    element: ElementType,
    previous: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Return elements: levels times their factors, plus the offset, each operation rounded once.

    Parameters
    ----------
    levels
        int64 or float64, any shape: integers, scaled and transformed back.
    factors
        Of all levels, or an array that broadcasts to them: the step, and what else scales after a transform.
    offset
        0 for none.
    element
        A floating-point or integer element type.
    previous
        What all this is added to (SPEC.md 9.9), finite or not; None for nothing.

    Returns
    -------
    As of `round_to_element`.
    """
    values = levels * factors
    if offset:
        values = values + offset
    if previous is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # what is infinite, or NaN, is found afterwards
            values = previous + values
    return round_to_element(values, element)


def is_finite(values: NDArray[Any], element: ElementType) -> bool:
    """Whether no element, as `round_to_element` returns them, is an infinity."""
    if element is ElementType.BFLOAT16:
        return not bool(np.any(values & np.uint16(0x7F80) == 0x7F80))
    return bool(np.isfinite(values).all())

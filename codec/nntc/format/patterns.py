"""Bit patterns of elements: their values, their order, and other element types.

Implements SPEC.md 9.9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.registry import ElementType
from nntc.format.rounding import round_to_element

_TYPES = {
    ElementType.FLOAT16: np.float16,
    ElementType.FLOAT32: np.float32,
    ElementType.FLOAT64: np.float64,
}
_INFINITY = {
    ElementType.FLOAT16: 0x7C00,
    ElementType.BFLOAT16: 0x7F80,
    ElementType.FLOAT32: 0x7F80_0000,
    ElementType.FLOAT64: 0x7FF0_0000_0000_0000,
}
_NAN = {
    ElementType.FLOAT16: 0x7E00,
    ElementType.BFLOAT16: 0x7FC0,
    ElementType.FLOAT32: 0x7FC0_0000,
    ElementType.FLOAT64: 0x7FF8_0000_0000_0000,
}


_PART = 1 << 16


def by_parts(change: Callable[..., NDArray[Any]], kind: Any, *arrays: NDArray[Any]) -> NDArray[Any]:
    """Return what a function makes of arrays of rank 1, a part at a time: little memory beside the result."""
    out: NDArray[Any] = np.empty(arrays[0].size, kind)
    for at in range(0, out.size, _PART):
        out[at : at + _PART] = change(*(array[at : at + _PART] for array in arrays))
    return out


def values_of(patterns: NDArray[Any], element: ElementType) -> NDArray[np.float64]:
    """Return the values of bit patterns, unsigned integers of a float type's width, any shape."""
    with np.errstate(invalid="ignore"):  # of NaN
        if element is ElementType.BFLOAT16:
            return (patterns.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
        return patterns.view(_TYPES[element]).astype(np.float64)


def converted(patterns: NDArray[Any], source: ElementType, target: ElementType) -> NDArray[Any]:
    """Return the bit patterns of another float type: every value rounded once, to nearest even.

    What is too large becomes infinite; a NaN becomes the one NaN that SPEC.md 9.9 names.
    """
    if source is target:
        return patterns
    kind = np.dtype(f"<u{target.width}").type
    return by_parts(lambda part: _converted(part, source, target), kind, patterns)


def _converted(patterns: NDArray[Any], source: ElementType, target: ElementType) -> NDArray[Any]:
    values = values_of(patterns, source)
    is_finite = np.isfinite(values)
    rounded = round_to_element(np.where(is_finite, values, 0.0), target)
    kind = np.dtype(f"<u{target.width}").type
    out: NDArray[Any] = rounded.view(kind)
    sign = kind(1 << 8 * target.width - 1)
    infinity = np.where(values < 0, kind(_INFINITY[target]) | sign, kind(_INFINITY[target]))
    out = np.where(np.isinf(values), infinity, out)
    return np.where(np.isnan(values), kind(_NAN[target]), out)


def order(patterns: NDArray[Any], element: ElementType) -> NDArray[Any]:
    """Return unsigned integers of the same type that ascend as the values do; opaque ones as they are."""
    if not element.is_float:
        return patterns
    kind = patterns.dtype.type
    sign = kind(1 << 8 * element.width - 1)
    return np.where(patterns & sign, ~patterns, patterns | sign)


def unorder(ordered: NDArray[Any], element: ElementType) -> NDArray[Any]:
    """Return the bit patterns whose `order` these are."""
    if not element.is_float:
        return ordered
    kind = ordered.dtype.type
    sign = kind(1 << 8 * element.width - 1)
    return np.where(ordered & sign, ordered ^ sign, ~ordered)


def folded(differences: NDArray[Any]) -> NDArray[Any]:
    """Return differences modulo 2^W, unsigned, as 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    kind = differences.dtype.type
    top = kind(8 * differences.dtype.itemsize - 1)
    out: NDArray[Any] = differences << kind(1) ^ np.where(differences >> top, ~kind(0), kind(0))
    return out


def unfolded(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the differences whose `folded` these are."""
    kind = numbers.dtype.type
    out: NDArray[Any] = numbers >> kind(1) ^ np.where(numbers & kind(1), ~kind(0), kind(0))
    return out

"""Element types of ONNX tensors as numpy and the container see them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from nntc.format.registry import ElementType
from nntc.onnx.tensor import ELEMENT_BITS

_FLOATING = {
    1: ElementType.FLOAT32,
    10: ElementType.FLOAT16,
    11: ElementType.FLOAT64,
    16: ElementType.BFLOAT16,
}
_SHORT_FLOATS = {17, 18, 19, 20, 23, 24, 27, 28}
_FLOAT_DTYPES = {1: "<f4", 10: "<f2", 11: "<f8"}
_OPAQUE = {
    1: ElementType.OPAQUE1,
    2: ElementType.OPAQUE2,
    4: ElementType.OPAQUE4,
    8: ElementType.OPAQUE8,
    16: ElementType.OPAQUE16,
}


FLOATING_TYPES = frozenset({"float16", "bfloat16", "float32", "float64"})
"""Names of the types of `is_floating`."""


def total_error(tensors: Iterable[tuple[int, float]]) -> float:
    """Return the relative error of a model: root of the mean of tensors' squared ones, weighted by elements.

    Parameters
    ----------
    tensors
        Number of elements and ||decoded - original|| / ||original|| of each of the model's floating-point
        tensors, of those that are exact and of copies too.
    """
    total, squares = 0, 0.0
    for size, error in tensors:
        total += size
        squares += size * error**2
    return math.sqrt(squares / total) if squares else 0.0


def element_count(dims: Iterable[int]) -> int:
    """Return the number of elements of a tensor; 0 if a dimension is negative, which no valid tensor has."""
    sizes = tuple(dims)
    return 0 if min(sizes, default=0) < 0 else math.prod(sizes)


def is_floating(data_type: int) -> bool:
    """Return whether `TensorProto.DataType` is float16, bfloat16, float32 or float64."""
    return data_type in _FLOATING


def is_any_float(data_type: int) -> bool:
    """Return whether `TensorProto.DataType` is a floating-point type, those of 8 and 4 bits among them."""
    return data_type in _FLOATING or data_type in _SHORT_FLOATS


def element_width(data_type: int) -> int:
    """Return the bytes of one stored element; types packed into bytes (4 and 2 bits) count as bytes.

    Parameters
    ----------
    data_type
        `TensorProto.DataType`.

    Raises
    ------
    ValueError
        For a type without a fixed width, such as strings.
    """
    if data_type not in ELEMENT_BITS:
        raise ValueError(f"tensors of data type {data_type} have no fixed width")
    return max(1, ELEMENT_BITS[data_type] // 8)


def payload_dtype(data_type: int) -> np.dtype[np.generic]:
    """Return the little-endian numpy type of one stored element.

    Float16, float32 and float64 are themselves. What numpy lacks (bfloat16) and what is only ever coded
    exactly is the unsigned integer of its width, or 16 opaque bytes.

    Parameters
    ----------
    data_type
        `TensorProto.DataType`.

    Raises
    ------
    ValueError
        For a type without a fixed width, such as strings.
    """
    width = element_width(data_type)
    return np.dtype(_FLOAT_DTYPES.get(data_type) or ("V16" if width == 16 else f"<u{width}"))


def element_type(data_type: int) -> ElementType:
    """Return the container's element type: a float type, or opaque elements of the same width.

    Parameters
    ----------
    data_type
        `TensorProto.DataType`.

    Raises
    ------
    ValueError
        For a type without a fixed width, such as strings.
    """
    return _FLOATING.get(data_type) or _OPAQUE[element_width(data_type)]

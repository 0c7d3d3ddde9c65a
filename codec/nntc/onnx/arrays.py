"""Elements of ONNX tensors as numpy arrays.

What numpy has no type for comes as the exact values in a type it has:

| ONNX | numpy |
|---|---|
| bfloat16, float8 (all kinds), float4 | float32 |
| int4, int2 | int8, one element each |
| uint4, uint2 | uint8, one element each |
| string | object, holding bytes |

All other types are themselves. The number formats are those of https://onnx.ai/onnx/technical/float8.html
and its neighbours.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.errors import ModelError
from nntc.onnx.tensor import ELEMENT_BITS

_NAMES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128",
    16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz",
    21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
}  # fmt: skip
STRING, BOOL, BFLOAT16 = 8, 9, 16
_SMALL = range(17, 27)
_WIDENED = {16: "float32", 21: "uint8", 22: "int8", 25: "uint8", 26: "int8"}


def type_name(data_type: int) -> str:
    """Return the ONNX name of a `TensorProto.DataType`, such as bfloat16."""
    return _NAMES.get(data_type) or f"type {data_type}"


def array_dtype(data_type: int) -> np.dtype[Any]:
    """Return the numpy type of the arrays of a data type; E_TENSOR for an unknown one."""
    if data_type not in _NAMES:
        raise ModelError("E_TENSOR", f"unknown element type {data_type}")
    if data_type == STRING:
        return np.dtype(object)
    return np.dtype(_WIDENED.get(data_type, "float32" if data_type in _SMALL else _NAMES[data_type]))


def elements(data: bytes | bytearray | memoryview, data_type: int, count: int) -> NDArray[Any]:
    """Return `count` elements, rank 1, from the bytes that hold them little-endian.

    Parameters
    ----------
    data
        As in `raw_data`. The array may share its memory.
    data_type
        `TensorProto.DataType`, not a string.
    count
        Number of elements; those of less than a byte fill bytes from the low bits on.

    Raises
    ------
    ModelError
        E_TENSOR for an unknown type, or data of another size.
    """
    dtype = array_dtype(data_type)
    if len(data) != (count * ELEMENT_BITS[data_type] + 7) // 8:
        raise ModelError("E_TENSOR", f"{len(data)} bytes for {count} elements of type {type_name(data_type)}")
    if data_type in _SMALL:
        codes = _unpacked(np.frombuffer(data, np.uint8), ELEMENT_BITS[data_type])[:count]
        values: NDArray[Any] = _values(data_type).astype(dtype)[codes]
        return values
    if data_type == BFLOAT16:
        return (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    if data_type == BOOL:
        return np.frombuffer(data, np.uint8).astype(np.bool_)
    return np.frombuffer(data, dtype.newbyteorder("<"))


def _unpacked(data: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return the codes of `bits` bits in bytes, low bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    return ((data[:, None] >> shifts) & np.uint8((1 << bits) - 1)).ravel()


@cache
def _values(data_type: int) -> NDArray[np.float64]:
    """Return the value of every code of a type of at most 8 bits."""
    count = 1 << ELEMENT_BITS[data_type]
    return np.array([_value(data_type, code) for code in range(count)])


def _value(data_type: int, code: int) -> float:
    match _NAMES[data_type]:
        case "uint4" | "uint2":
            return code
        case "int4":
            return code - 16 if code >= 8 else code
        case "int2":
            return code - 4 if code >= 2 else code
        case "float8e4m3fn":
            return math.nan if code & 0x7F == 0x7F else _small_float(code, 8, 3, 7)
        case "float8e4m3fnuz":
            return math.nan if code == 0x80 else _small_float(code, 8, 3, 8)
        case "float8e5m2":
            if code & 0x7C == 0x7C:
                return math.nan if code & 3 else math.copysign(math.inf, 0x7F - code)
            return _small_float(code, 8, 2, 15)
        case "float8e5m2fnuz":
            return math.nan if code == 0x80 else _small_float(code, 8, 2, 16)
        case "float4e2m1":
            return _small_float(code, 4, 1, 1)
        case _:  # float8e8m0: an exponent alone
            return math.nan if code == 0xFF else math.ldexp(1, code - 127)


def _small_float(code: int, bits: int, digits: int, bias: int) -> float:
    """Return the value of sign, exponent and `digits` bits of mantissa, subnormals included."""
    sign = -1 if code >> (bits - 1) else 1
    exponent = (code & ((1 << (bits - 1)) - 1)) >> digits
    mantissa = code & ((1 << digits) - 1)
    if exponent == 0:
        return math.copysign(math.ldexp(mantissa, 1 - bias - digits), sign)
    return sign * math.ldexp((1 << digits) + mantissa, exponent - bias - digits)

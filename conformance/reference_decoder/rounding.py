"""Clauses 9.7, step 8, and 9.9: binary64 values rounded once to an element type [R-540] to [R-543]; back."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """A binary floating point format narrower than binary64."""

    exponent_bits: int
    fraction_bits: int


@dataclass(frozen=True, slots=True)
class IntegerFormat:
    """An integer type of one byte, by its ends."""

    least: int
    greatest: int

    def nearest(self, value: float) -> int:
        """Its integer nearest to a finite value, of two the even one [R-543]."""
        return min(max(round(value), self.least), self.greatest)  # round of Python: ties to even


INT8 = IntegerFormat(-128, 127)
UINT8 = IntegerFormat(0, 255)
FLOAT16 = FloatFormat(5, 10)
BFLOAT16 = FloatFormat(8, 7)
FLOAT32 = FloatFormat(8, 23)
FLOAT64 = FloatFormat(11, 52)


def round_to(value: float, target: FloatFormat) -> int | None:
    """The bit pattern of ``value`` rounded to nearest, ties to even, in ``target``; None if it is infinite.

    Done on integers, from the binary64 value directly, subnormal numbers and signed zeros included.
    """
    negative = 1 if math.copysign(1.0, value) < 0 else 0
    sign = negative << (target.exponent_bits + target.fraction_bits)
    if value == 0.0:
        return sign
    magnitude, exponent = math.frexp(abs(value))  # abs(value) = magnitude * 2^exponent, magnitude in [1/2, 1)
    significand = int(magnitude * 2**53)  # exact; abs(value) = significand * 2^(exponent - 53)
    # 2^unit is the weight of the last bit that is kept; it cannot go below that of the subnormal numbers
    lowest: int = 2 - 2 ** (target.exponent_bits - 1) - target.fraction_bits
    unit = max(exponent - target.fraction_bits - 1, lowest)
    shift = unit - (exponent - 53)
    kept = significand >> shift
    rest = significand - (kept << shift)
    half = 1 << (shift - 1)
    if rest > half or (rest == half and kept % 2 == 1):
        kept += 1
    # A kept of fraction_bits + 1 bits adds 1 to the exponent field by itself, as does a carry.
    pattern = ((unit - lowest) << target.fraction_bits) + kept
    if pattern >= (2**target.exponent_bits - 1) << target.fraction_bits:
        return None  # infinite
    return sign | pattern


def to_element(value: float, target: FloatFormat | IntegerFormat | None) -> bytes | None:
    """The element, little-endian; None if it is infinite. ``target`` None is float64: no rounding [R-541]."""
    if target is None:
        return struct.pack("<d", value)
    if isinstance(target, IntegerFormat):
        return (target.nearest(value) & 255).to_bytes(1, "little")
    pattern = round_to(value, target)
    if pattern is None:
        return None
    return pattern.to_bytes((1 + target.exponent_bits + target.fraction_bits) // 8, "little")


def from_element(data: bytes, source: FloatFormat | None) -> float:
    """The value of an element, little-endian; exact. ``source`` None is float64."""
    if source is None:
        value: float = struct.unpack("<d", data)[0]
        return value
    pattern = int.from_bytes(data, "little")
    negative, magnitude = divmod(pattern, 1 << (source.exponent_bits + source.fraction_bits))
    exponent, fraction = divmod(magnitude, 1 << source.fraction_bits)
    if exponent == 2**source.exponent_bits - 1:
        value = math.nan if fraction else math.inf
    else:
        significand = fraction + (1 << source.fraction_bits if exponent else 0)
        bias = 2 ** (source.exponent_bits - 1) - 1
        value = math.ldexp(significand, max(exponent, 1) - bias - source.fraction_bits)
    return -value if negative else value


def converted(data: bytes, source: FloatFormat | None, target: FloatFormat | None) -> bytes:
    """An element of another float type, its value rounded once (clause 9.9) [R-560]."""
    wanted = target or FLOAT64
    value = from_element(data, source)
    pattern: int | None = None
    if math.isnan(value):  # sign bit 0, and of the fraction bits only the first is 1
        pattern = ((2**wanted.exponent_bits - 1) * 2 + 1) << (wanted.fraction_bits - 1)
    elif math.isfinite(value):
        if target is None:
            return struct.pack("<d", value)
        pattern = round_to(value, target)
    if pattern is None:  # infinite, or too large
        pattern = (2**wanted.exponent_bits - 1) << wanted.fraction_bits
        if value < 0:
            pattern |= 1 << (wanted.exponent_bits + wanted.fraction_bits)
    return pattern.to_bytes((1 + wanted.exponent_bits + wanted.fraction_bits) // 8, "little")

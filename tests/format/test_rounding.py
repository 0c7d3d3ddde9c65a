"""The last rounding against exact fractions: ties, subnormals, overflow, signed zeros."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.registry import ElementType
from nntc.format.rounding import dequantize, is_finite, round_to_element

from conformance.reference_decoder.elements import ELEMENT_TYPES
from conformance.reference_decoder.rounding import to_element

TYPES = [ElementType.FLOAT16, ElementType.BFLOAT16, ElementType.FLOAT32, ElementType.FLOAT64]
FORMATS = {
    ElementType.FLOAT16: (11, -24, 16),
    ElementType.BFLOAT16: (8, -133, 128),
    ElementType.FLOAT32: (24, -149, 128),
    ElementType.FLOAT64: (53, -1074, 1024),
}
"""Significant bits; exponents of the least subnormal number and of infinity."""
INFINITY = {ElementType.FLOAT16: 0x7C00, ElementType.BFLOAT16: 0x7F80, ElementType.FLOAT32: 0x7F800000}


def expected_bits(value: float, element: ElementType) -> int:
    found = to_element(value, ELEMENT_TYPES[element].format)
    if found is None:
        return INFINITY[element] | (value < 0) << 8 * element.width - 1
    return int.from_bytes(found, "little")


def rounded_bits(values: list[float], element: ElementType) -> list[int]:
    out = round_to_element(np.array(values, np.float64), element)
    found: list[int] = out.view(f"<u{element.width}").tolist()
    return found


def check(value: float, element: ElementType) -> None:
    for v in (value, -value):
        assert rounded_bits([v], element) == [expected_bits(v, element)], v.hex()


def boundaries(element: ElementType) -> list[float]:
    """Values on, between and next to neighbouring elements, everywhere in the range of a type."""
    digits, lowest, top = FORMATS[element]
    found = []
    for exponent in {*range(lowest - 3, lowest + digits + 3), -1, 0, 1, *range(top - 3, top + 2)}:
        for m in (1, 2, 3, (1 << digits) - 2, (1 << digits) - 1, 1 << (digits - 1), (1 << digits) + 1):
            for half in (0, 1):
                exact = Fraction(2) ** (exponent - digits + 1) * (Fraction(m) + Fraction(half, 2))
                if exact < Fraction(2) ** 1023 and Fraction(float(exact)) == exact:
                    found += [
                        float(exact),
                        math.nextafter(float(exact), 0),
                        math.nextafter(float(exact), math.inf),
                    ]
    return found


@pytest.mark.parametrize("element", TYPES)
def test_ties_neighbours_and_ends_of_the_range(element: ElementType) -> None:
    for value in boundaries(element):
        check(value, element)


@pytest.mark.parametrize("element", TYPES)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_any_number(element: ElementType, value: float) -> None:
    check(value, element)


@pytest.mark.parametrize("element", TYPES)
@given(bits=st.integers(0, 2**64 - 1), shift=st.integers(-3, 3))
def test_numbers_around_elements(element: ElementType, bits: int, shift: int) -> None:
    digits, lowest, _ = FORMATS[element]
    fraction_bits = digits - 1
    exponent_bits = 8 * element.width - digits
    m = bits & ((1 << fraction_bits) - 1)
    exponent = max(bits >> fraction_bits & ((1 << exponent_bits) - 1), 1) % ((1 << exponent_bits) - 1)
    value = (m | 1 << fraction_bits) * math.ldexp(1.0, max(exponent + lowest - 1, -1074))
    if math.isfinite(value) and element is not ElementType.FLOAT64:
        half = math.ldexp(0.5, max(exponent + lowest - 1, -1070))
        for v in (value, value + half, math.nextafter(value + half, math.inf if shift > 0 else 0.0)):
            check(v, element)


def test_rounding_once_is_not_rounding_twice() -> None:
    # Just above a tie of float16, and on it after a rounding to float32.
    value = 1 + 2.0**-11 + 2.0**-40
    assert rounded_bits([value], ElementType.FLOAT16) == [0x3C01]
    assert np.float16(np.float32(value)) == 1
    value = 1 + 2.0**-8 + 2.0**-40
    assert rounded_bits([value], ElementType.BFLOAT16) == [0x3F81]
    assert struct.pack("<f", value) == struct.pack("<f", 1 + 2.0**-8)


@pytest.mark.parametrize("element", TYPES)
def test_signs_of_zeros_are_kept(element: ElementType) -> None:
    sign = 1 << 8 * element.width - 1
    tiny = 1e-300 if element is not ElementType.FLOAT64 else 0.0
    assert rounded_bits([0.0, -0.0, tiny, -tiny], element) == [0, sign, 0, sign]


@pytest.mark.parametrize("element", TYPES[:3])
def test_overflow_is_found(element: ElementType) -> None:
    top = 2.0 ** FORMATS[element][2]
    largest = top - top * 2.0 ** -FORMATS[element][0]
    tie = (largest + top) / 2
    assert is_finite(
        round_to_element(np.array([largest, -largest, math.nextafter(tie, 0)]), element), element
    )
    for value in (tie, -tie, top, 1e300):
        assert not is_finite(round_to_element(np.array([0.0, value]), element), element)


@given(
    st.sampled_from([ElementType.INT8, ElementType.UINT8]),
    st.floats(-600, 600).map(lambda v: round(2 * v) / 4),
)
def test_integers_are_nearest_even_and_within_their_type(element: ElementType, value: float) -> None:
    least, greatest = (-128, 127) if element is ElementType.INT8 else (0, 255)
    expected = min(max(round(Fraction(value)), least), greatest)
    for v in (value, math.nextafter(value, math.inf), math.nextafter(value, -math.inf)):
        found = int(round_to_element(np.array([v]), element)[0])
        assert least <= found <= greatest
        assert abs(found - min(max(v, least), greatest)) <= 0.5
    assert int(round_to_element(np.array([value]), element)[0]) == expected


def test_integers_far_beyond_their_type() -> None:
    far = np.array([-1e300, -128.5, -128.0, 127.5, 1e300])
    assert round_to_element(far, ElementType.INT8).tolist() == [-128, -128, -128, 127, 127]
    assert round_to_element(far, ElementType.UINT8).tolist() == [0, 0, 0, 128, 255]


@pytest.mark.parametrize("element", TYPES)
def test_nothing_at_all(element: ElementType) -> None:
    assert round_to_element(np.zeros(0), element).size == 0


def test_levels_are_multiplied_added_to_and_rounded_each_once() -> None:
    # 3 * step is not exact, and the sum is rounded anew: a fused operation would give another value.
    step, offset = float(np.float32(0.1)) * (1 + 2.0**-50), -0.3
    out = dequantize(np.array([3, 0, -7]), step, offset, ElementType.FLOAT64)
    assert out.tolist() == [3 * step + offset, offset, -7 * step + offset]
    rows = dequantize(np.array([[1, 2], [3, 4]]), np.array([[1.0], [2.0]]), 0.0, ElementType.FLOAT16)
    assert rows.dtype == np.float16
    assert rows.tolist() == [[1, 2], [6, 8]]


def test_without_offset_zeros_keep_their_sign() -> None:
    assert np.signbit(dequantize(np.array([-0.0]), 1.0, 0.0, ElementType.FLOAT32)).tolist() == [True]

"""Bit patterns: values, order and conversion, against numpy and the reference decoder's exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.patterns import converted, folded, order, unfolded, unorder, values_of
from nntc.format.registry import ElementType

FLOATS = [e for e in ElementType if e.is_float]
NUMBERS = [e for e in ElementType if e.width <= 8]


def patterns(element: ElementType, values: list[int]) -> np.ndarray:
    return np.array([v % (1 << 8 * element.width) for v in values], f"<u{element.width}")


@given(st.sampled_from(NUMBERS), st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_order_and_folding_come_back(element: ElementType, values: list[int]) -> None:
    own = patterns(element, values)
    assert np.array_equal(unorder(order(own, element), element), own)
    assert np.array_equal(unfolded(folded(own)), own)


def test_folded_is_zigzag() -> None:
    for kind in (np.uint8, np.uint64):
        differences = np.array([0, -1, 1, -2, 2], np.int64).astype(kind)
        assert folded(differences).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("element", FLOATS)
def test_order_ascends_with_values(element: ElementType) -> None:
    own = patterns(element, [7 * i * (1 << 8 * element.width - 16) + i for i in range(9000)])
    values = values_of(own, element)
    own, values = own[~np.isnan(values)], values[~np.isnan(values)]
    ranked = values[np.argsort(order(own, element), kind="stable")]
    assert np.all(ranked[1:] >= ranked[:-1])


@given(st.sampled_from(FLOATS), st.sampled_from(FLOATS), st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_conversion_is_to_the_nearest(source: ElementType, target: ElementType, bits: list[int]) -> None:
    own = patterns(source, bits)
    old = values_of(own, source)
    new = values_of(converted(own, source, target), target)
    assert np.array_equal(np.isnan(old), np.isnan(new))
    for before, after in zip(old, new, strict=True):
        if np.isfinite(before) and np.isfinite(after):
            code = order(converted(patterns(source, []), source, target), target)
            assert code.size == 0
            error = abs(Fraction(float(before)) - Fraction(float(after)))
            assert error <= Fraction(_half_unit(float(after), target))


def _half_unit(value: float, element: ElementType) -> float:
    """Half the distance of neighbours at a value: half of the one above, which is the larger."""
    digits, least = {
        ElementType.FLOAT16: (11, -24),
        ElementType.BFLOAT16: (8, -133),
        ElementType.FLOAT32: (24, -149),
        ElementType.FLOAT64: (53, -1074),
    }[element]
    exponent = int(np.frexp(value)[1])
    return float(2.0 ** (max(exponent - digits, least)) / 2) if max(exponent - digits, least) > -1074 else 0.0


def test_what_is_too_large_is_infinite_and_nan_is_one() -> None:
    own = np.array([1e30, -1e30, np.nan, -np.nan, np.inf, -np.inf], np.float32).view("<u4")
    found = converted(own, ElementType.FLOAT32, ElementType.FLOAT16)
    assert found.tolist() == [0x7C00, 0xFC00, 0x7E00, 0x7E00, 0x7C00, 0xFC00]

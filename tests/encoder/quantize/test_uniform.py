"""The uniform quantizer: nearest levels, values as the decoder makes them, limits."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.uniform import (
    WHOLE,
    UniformQuantizer,
    around_zero,
    binary32_from,
    over_range,
)
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.integers import MAX_LEVEL
from nntc.format.registry import Coder, ElementType, ViewKind
from nntc.format.steps import MIN_STEP
from nntc.format.view import View
from numpy.typing import NDArray

from tests.encoder.tensor.decoding import decode

FLOATS = (ElementType.FLOAT16, ElementType.BFLOAT16, ElementType.FLOAT32, ElementType.FLOAT64)
STEPS = st.floats(2.0**-20, 2.0**4, width=32)
OFFSETS = st.sampled_from((0.0, 0.25, -1.5))
BITS = st.integers(1, 8)


def normal(seed: int, size: int = 200) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0.1, 1, size)


@given(STEPS, OFFSETS, st.integers(0, 1 << 32))
def test_values_are_never_farther_than_half_a_step_from_their_level(
    step: float, offset: float, seed: int
) -> None:
    quantizer, values = UniformQuantizer(step, offset), normal(seed)
    back = quantizer.values(quantizer.levels(values))
    assert np.abs(values - back).max() <= step / 2 * (1 + 1e-9)
    np.testing.assert_array_equal(quantizer.nearest(values), back)
    np.testing.assert_array_equal(quantizer.error(values), values - back)


@given(STEPS, OFFSETS, st.lists(st.integers(-(1 << 20), 1 << 20), min_size=1))
def test_levels_come_back_from_their_values(step: float, offset: float, levels: list[int]) -> None:
    quantizer = UniformQuantizer(step, offset)
    assert quantizer.levels(quantizer.values(np.array(levels))).tolist() == levels


@pytest.mark.parametrize("element", FLOATS)
@given(STEPS, OFFSETS, st.integers(0, 1 << 32))
def test_elements_are_those_that_the_decoder_makes(
    element: ElementType, step: float, offset: float, seed: int
) -> None:
    quantizer = UniformQuantizer(step, offset)
    levels = np.random.default_rng(seed).integers(-500, 500, 30)
    view = View(ViewKind.MATRIX, 5, 6)
    record = uniform_record(element, view, UniformParameters.of(quantizer), levels, Coder.RANS)
    assert decode(record) == quantizer.elements(levels, element).tobytes()


def test_ties_go_to_the_even_level() -> None:
    quantizer = UniformQuantizer(0.5)
    assert quantizer.levels(np.array([0.25, 0.75, 1.25, -0.25, -0.75])).tolist() == [0, 2, 2, 0, -2]


def test_zeros_keep_their_sign() -> None:
    assert np.signbit(UniformQuantizer(2.0).nearest(np.array([-0.0, -0.5, 0.5]))).tolist() == [
        True,
        True,
        False,
    ]


def test_each_value_can_have_a_step_of_its_own() -> None:
    quantizer = UniformQuantizer(np.array([[1.0], [0.25]]))
    values = np.array([[1.4, 2.6], [1.4, 2.6]])
    assert quantizer.levels(values).tolist() == [[1, 3], [6, 10]]
    assert quantizer.nearest(values).tolist() == [[1.0, 3.0], [1.5, 2.5]]


def test_values_are_divided_in_their_own_arithmetic() -> None:
    value = np.array([0.35], np.float32)  # a little less than that, which binary32 division does not see
    assert UniformQuantizer(0.1).levels(value).tolist() == [4]
    assert UniformQuantizer(0.1).levels(value.astype(np.float64)).tolist() == [3]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_have_no_level(value: float) -> None:
    for quantizer in (UniformQuantizer(1.0), UniformQuantizer(1.0, 0.0, -4, 3)):
        with pytest.raises(ValueError, match="not finite"):
            quantizer.levels(np.array([0.0, value]))


def test_no_level_is_beyond_what_a_record_holds() -> None:
    values = np.array([MAX_LEVEL, -MAX_LEVEL], np.float64)
    assert WHOLE.levels(values).tolist() == [MAX_LEVEL, -MAX_LEVEL]
    with pytest.raises(ValueError, match="too many steps"):
        WHOLE.levels(values + 1)
    assert WHOLE.multiples(values * 4).tolist() == (values * 4).tolist()
    assert WHOLE.levels(np.zeros(0)).size == 0


def test_levels_stay_in_the_range_of_the_quantizer() -> None:
    assert UniformQuantizer(1.0, 0.0, -2, 1).levels(np.array([-9.0, -2.4, 0.6, 1e30])).tolist() == [
        -2,
        -2,
        1,
        1,
    ]


@given(BITS, st.integers(0, 1 << 32))
def test_the_levels_over_a_range_reach_both_ends(bits: int, seed: int) -> None:
    values = normal(seed)
    quantizer = over_range(values, bits)
    assert (quantizer.lowest, quantizer.highest) == (0, 2**bits - 1)
    ends = quantizer.values(np.array([0, 2**bits - 1]))
    assert ends[0] <= values.min()
    assert ends[1] >= values.max() * (1 - 1e-6)
    assert quantizer.levels(values).min() == 0
    assert quantizer.levels(values).max() == 2**bits - 1
    assert np.float32(quantizer.step) == quantizer.step


@given(BITS, st.integers(0, 1 << 32), st.sampled_from((1.0, -1.0)))
def test_of_the_levels_around_zero_more_are_on_the_side_that_reaches_farther(
    bits: int, seed: int, side: float
) -> None:
    values = np.append(normal(seed), 9.0) * side
    quantizer = around_zero(values, bits)
    half = 2 ** (bits - 1)
    assert (quantizer.lowest, quantizer.highest) == ((1 - half, half) if side > 0 else (-half, half - 1))
    assert quantizer.levels(values)[-1] == side * half
    if bits > 1:
        assert np.abs(quantizer.error(values)).max() <= float(quantizer.step) / 2 * (1 + 1e-9)


@given(st.floats(-(2.0**127), 2.0**127))
def test_the_binary32_from_a_value_is_the_least_one_that_is_not_below(value: float) -> None:
    found = binary32_from(value)
    assert Fraction(found) >= Fraction(value)
    assert float(np.nextafter(np.float32(found), np.float32(-np.inf))) < value or found == 0


def test_beyond_binary32_there_is_none() -> None:
    assert binary32_from(1e39) == math.inf


def test_a_quantizer_fits_only_with_a_step_of_the_format_and_finite_elements() -> None:
    def fits(step: float, element: ElementType = ElementType.FLOAT32, **rest: float) -> bool:
        return UniformQuantizer(step, 0.0, -8, 7).fits(element, **rest)

    assert fits(MIN_STEP)
    assert not fits(MIN_STEP / 2)
    assert not fits(math.inf)
    assert not UniformQuantizer(1.0, -math.inf, 0, 7).fits(ElementType.FLOAT32)
    assert fits(8000.0, ElementType.FLOAT16)
    assert not fits(8200.0, ElementType.FLOAT16)
    assert not fits(8000.0, ElementType.FLOAT16, gain=2.0)
    with pytest.raises(TypeError):
        UniformQuantizer(1.0).fits(ElementType.FLOAT32)

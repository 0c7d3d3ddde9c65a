"""Row steps: small rows keep a precision of their own, within a noise that is bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.row_steps import (
    ROW_NOISE,
    SMALL_COLUMN,
    RowSteps,
    find_column_codes,
    find_row_steps,
    loses_rows,
    steps_on_grid,
)
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.format.steps import STEP_CODES
from numpy.typing import NDArray


def matrix(seed: int, *sizes: float) -> NDArray[np.float64]:
    rows = np.random.default_rng(seed).normal(0, 1, (len(sizes), 64))
    scaled: NDArray[np.float64] = rows * np.array(sizes)[:, None]
    return scaled


def test_rows_of_like_size_have_one_step() -> None:
    assert find_row_steps(matrix(0, 1, 2, 1, 0.5)) is None
    assert find_row_steps(matrix(0, 1)) is None
    assert find_row_steps(np.zeros((4, 4))) is None


@given(st.integers(0, 1 << 32), st.lists(st.floats(-20, 0), min_size=1, max_size=6))
def test_the_noise_of_no_row_is_beyond_its_bound(seed: int, exponents: list[float]) -> None:
    values = matrix(seed, 1.0, *(2.0**e for e in exponents))
    found = find_row_steps(values)
    factors = np.ones(len(values)) if found is None else found.factors
    assert factors.max() == 1
    # Noise of a step s is s^2 / 12, so its share of a row's power follows from factors alone.
    shares = factors**2 / np.mean(values**2, axis=1)
    # Codes are eight to an octave: a step is off by an eighth at most.
    assert np.all(shares <= ROW_NOISE / np.mean(values**2) * (9 / 8) ** 2)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=9))
def test_factors_are_those_of_the_codes(codes: list[int]) -> None:
    steps = RowSteps(np.array(codes, np.uint8))
    assert steps.unit == STEP_CODES[max(codes)]
    assert (steps.factors * steps.unit).tolist() == pytest.approx(STEP_CODES[codes].tolist())


@pytest.mark.parametrize("period", [1, 2, 4])
def test_columns_of_a_channel_have_one_code_and_bounded_noise(period: int) -> None:
    sizes = np.repeat([1.0, 1e-6, 0.2, 1e-3, 1.0, 2e-10, 0.0, 0.7], period)
    values = matrix(4, *sizes).T
    codes = find_column_codes(values, period)
    assert codes is not None
    assert codes.min() == 0
    assert np.array_equal(codes, codes[::period].repeat(period))
    factors = STEP_CODES[codes] / STEP_CODES[codes].max()
    shares = factors**2 / np.maximum(np.mean(values**2, axis=0), 1e-300)
    is_within = shares <= ROW_NOISE / np.mean(values**2) * 4  # a channel's columns differ by chance
    # What vanishes in sums of binary32 numbers, and zeros, have the largest step.
    assert np.array_equal(is_within[::period], [True, True, True, True, True, False, False, True])
    assert np.array_equal(factors[::period] == 1, [True, False, True, False, True, True, True, True])


def test_columns_of_like_size_have_no_steps() -> None:
    least = SMALL_COLUMN**0.5
    assert find_column_codes(matrix(5, 1, 1, 1, 2 * least).T, 1) is None
    assert find_column_codes(matrix(5, 1, 1, 1, least / 2).T, 1) is not None
    assert find_column_codes(matrix(5, 1).T, 1) is None
    assert find_column_codes(np.zeros((4, 4)), 1) is None


def test_a_row_is_not_small_because_much_of_it_was_pruned() -> None:
    values = matrix(1, 1, 1, 1)
    values[1, 3:] = 0
    assert find_row_steps(values) is None


def test_small_rows_survive_only_with_steps_of_their_own() -> None:
    values = matrix(2, 1, 1e-5)
    found = find_row_steps(values)
    assert found is not None
    step = 0.125
    one, own = UniformQuantizer(step), UniformQuantizer(step * found.factors[:, None])
    assert not one.levels(values)[1].any()
    errors = np.sqrt(np.mean(own.error(values)[1] ** 2))
    assert errors < 0.3 * np.sqrt(np.mean(values[1] ** 2))


@pytest.mark.parametrize(
    ("sizes", "bits", "expected"),
    [
        ((1, 1), 4, False),
        ((1, 1e-3), 6, True),
        ((1, 1e-3), 16, False),
        ((1, 0), 4, False),
        ((0, 0), 4, False),
    ],
)
def test_one_step_loses_rows_below_it(sizes: tuple[float, ...], bits: int, expected: bool) -> None:
    assert loses_rows(matrix(3, *sizes), bits) is expected


def test_steps_of_integers_are_alike_in_weights() -> None:
    scales = np.exp(np.random.default_rng(0).normal(0, 2, 50))
    found = steps_on_grid(scales, None)
    assert found.factors == pytest.approx(np.ones(50), rel=0.07)
    assert np.sqrt(np.mean(found.factors**2)) == pytest.approx(1)
    # A record states a step in integers: what each row makes of it, in weights, are the factors.
    np.testing.assert_allclose(STEP_CODES[found.codes] * scales / found.unit, found.factors)
    alike = steps_on_grid(np.full(5, 0.3), None)
    assert not alike.codes.any()
    small = RowSteps(np.array([0, 8, 16, 16, 16], np.uint8))
    assert steps_on_grid(np.full(5, 0.3), small).factors == pytest.approx(small.factors)

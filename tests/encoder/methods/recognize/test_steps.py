"""Steps are found where numbers have one, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.methods.recognize.steps import common_step


@given(
    st.integers(0, 2**32),
    st.floats(1e-6, 1e3),
    st.sampled_from([3, 20, 300, 5000]),
    st.sampled_from([2.0**-24, 2.0**-53]),
)
def test_multiples_have_their_step_in_common(seed: int, step: float, spread: int, error: float) -> None:
    rng = np.random.default_rng(seed)
    multiples = np.rint(rng.laplace(0, spread, 2000)).astype(np.int64)
    multiples[:2] = 1, -2
    values = multiples * step * (1 + error * rng.uniform(-1, 1, 2000))
    found = common_step(values, np.abs(values) * error)
    assert found == pytest.approx(step, rel=1e-6)


def test_multiples_of_several_steps_have_the_common_part() -> None:
    """The few smallest are even multiples of what all have in common."""
    rng = np.random.default_rng(0)
    factors = np.array([8, 9, 10, 11, 44, 60])[:, None]
    values = (np.rint(rng.laplace(0, 5, (6, 300))) * factors).ravel() * 0.37
    assert common_step(values, np.abs(values) * 2.0**-24) == pytest.approx(0.37, rel=1e-6)


def test_noise_is_no_hindrance_while_it_is_small() -> None:
    rng = np.random.default_rng(1)
    values = np.rint(rng.laplace(0, 6, 3000)) * 0.5 + rng.normal(0, 0.004, 3000)
    assert common_step(values, 0.02) == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_random_numbers_have_no_step(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=500).astype(np.float32).astype(np.float64)
    assert common_step(values, np.abs(values) * 2.0**-24) is None


@pytest.mark.parametrize("values", [[], [0.0] * 9, [1.0, 2.0]])
def test_few_numbers_tell_nothing(values: list[float]) -> None:
    assert common_step(np.array(values), 0.0) is None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [0.003, 0.01, 0.1])
def test_a_step_that_rounding_would_hide_is_none(seed: int, tolerance: float) -> None:
    """Of a step as small as what numbers may be off by, anything is a multiple."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=30) * np.exp(rng.normal(size=30))
    assert common_step(values, np.full(30, tolerance)) is None

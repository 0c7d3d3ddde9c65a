"""Periods of numbers near to multiples of a step."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.methods.recognize.periods import column_periods, common_period
from nntc.format.steps import STEP_CODES


@pytest.mark.parametrize("step", [3.3, 9.1])
def test_a_step_is_found_from_rounded_multiples(step: float) -> None:
    x = np.rint(step * np.rint(35 / step * np.random.default_rng(0).standard_normal(4000)))
    found = common_period(x, np.ones(x.size), plain=True)
    assert found == pytest.approx(step, rel=1e-3)


def test_integers_have_no_step() -> None:
    x = np.rint(35 * np.random.default_rng(0).standard_normal(4000))
    assert common_period(x, np.ones(x.size), plain=True) is None
    assert column_periods(x.reshape(200, 20), np.ones(200), plain=True) is None


def test_columns_of_few_numbers_have_no_steps() -> None:
    x = np.zeros((60, 4))
    x[:, 0], x[0, 1] = 1, 127
    assert column_periods(x, np.ones(60), plain=True) is None
    assert column_periods(np.sign(np.arange(240.0).reshape(60, 4) % 3 - 1), np.ones(60), plain=False) is None


def test_steps_of_columns_are_found() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 9, 24)
    steps = 0.3 * STEP_CODES[codes]
    x = np.rint(np.rint(35 * rng.standard_normal((500, 24)) / steps) * steps)
    found = column_periods(x, np.ones(500), plain=True)
    assert found is not None
    np.testing.assert_allclose(found[1] * STEP_CODES[found[0]], steps, rtol=0.01)

"""Layouts of integers: one step for all, or one for each row."""

from __future__ import annotations

import numpy as np
from nntc.encoder.methods.recognize.layouts import layouts, step_code
from nntc.format.steps import STEP_CODES
from numpy.typing import NDArray


def multiples(rows: int, columns: int) -> NDArray[np.float64]:
    found = np.rint(np.random.default_rng(0).laplace(0, 9, (rows, columns)))
    found[:, 0] = 1
    return np.asarray(found, np.float64)


def test_one_step_for_all() -> None:
    integers = multiples(20, 30)
    values = (integers * 0.013).astype(np.float32).astype(np.float64).ravel()
    layout = next(layouts(values, np.abs(values) * 2.0**-24, 20, 2.0**-24))
    assert layout.row_steps is None
    np.testing.assert_array_equal(layout.integers, integers.ravel())


def test_steps_of_rows_however_far_apart() -> None:
    integers = multiples(20, 30)
    integers[7] = 0
    codes = np.random.default_rng(1).integers(0, 160, 20)
    codes[0] = 0
    values = (integers * STEP_CODES[codes][:, None] * 1e-7).astype(np.float32).astype(np.float64).ravel()
    layout = list(layouts(values, np.abs(values) * 2.0**-24, 20, 2.0**-24))[-1]
    assert layout.row_steps is not None
    np.testing.assert_array_equal(layout.integers, integers.ravel())
    used = np.arange(20) != 7
    np.testing.assert_array_equal(layout.row_steps.codes[used], codes[used])


def test_codes_of_quotients() -> None:
    assert step_code(8.0, 0) == 0
    assert step_code(15.0 * 2**9, 0) == 9 * 8 + 7
    assert step_code(8.37, 0) is None

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.fineness import LEAST_STEP, is_finer_than_integers
from nntc.encoder.methods.weights import SCALAR_STEP, Scalar, quantize
from nntc.encoder.quantize.row_steps import steps_on_grid
from nntc.encoder.quantize.shaping import Shaping
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View

VIEW = View(ViewKind.MATRIX, 4, 8)
GRID = IntegerGrid(ElementType.INT8, np.array([0.1, 0.2, 0.3, 0.4]), 0)
PLAIN = Shaping(VIEW, None, None, np.ones(1))


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_steps_are_compared_with_the_integers_of_the_row_in_the_middle(factor: float) -> None:
    step = factor * LEAST_STEP / SCALAR_STEP * 0.25
    scalar = Scalar(step, PLAIN, np.zeros(32, np.int64), steps_on_grid(GRID.scales, None))
    assert is_finer_than_integers(scalar, GRID) == (factor < 1)
    assert not is_finer_than_integers(scalar, None)


def test_noise_far_below_that_of_the_integers_is_finer() -> None:
    integers = np.random.default_rng(0).integers(-127, 128, 32).astype(np.int8).view(np.uint8)
    values = GRID.values(integers)
    for noise, is_finer in ((1e-6, True), (1e-2, False)):
        assert is_finer_than_integers(quantize([PLAIN], values, noise, grid=GRID), GRID) == is_finer

"""Fineness of quantized weights: whether steps are asked for about as fine as their integers are."""

from __future__ import annotations

import numpy as np

from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.weights import SCALAR_STEP, Quantized, Scalar

LEAST_STEP = 1.4
"""Integers that a step, of the noise of one without trellis, must be for fewer bits to be worth the noise."""


def is_finer_than_integers(q: Quantized | Scalar, grid: IntegerGrid | None) -> bool:
    """Return whether steps are so small that the integers of a grid take hardly more bits as they are."""
    if grid is None or q.row_steps is None:
        return False
    step = SCALAR_STEP * q.base_step * float(np.sqrt(np.mean(q.candidate.steps**2)))
    return bool(np.median(q.row_steps.factors / grid.scales) * step < LEAST_STEP)

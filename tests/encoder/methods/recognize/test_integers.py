"""Levels of quantized weights, found from their integers."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.device import ANY_DEVICE
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.lattice import Lattice, quantize_settled
from nntc.encoder.methods.recognize.integers import recognize_integers
from nntc.encoder.methods.weights import Quantized
from nntc.encoder.quantize.shaping import Shaping
from nntc.format.registry import ElementType, ViewKind
from nntc.format.trellis import EIGHT_STATES
from nntc.format.view import View

PLAIN = Shaping(View(ViewKind.MATRIX, 64, 128), None, None, np.ones(1))


@pytest.mark.parametrize("element", [ElementType.INT8, ElementType.UINT8])
@pytest.mark.parametrize("noise", [0.002, 0.02])
def test_levels_decode_to_the_same_integers(element: ElementType, noise: float) -> None:
    zero = 0 if element is ElementType.INT8 else 128
    kind = np.int8 if element is ElementType.INT8 else np.uint8
    rng = np.random.default_rng(0)
    grid = IntegerGrid(element, np.exp(rng.normal(-4, 0.3, 64)), zero)
    integers = np.rint(35 * rng.standard_normal((64, 128))).clip(-128, 127)
    values = (integers * grid.scales[:, None]).ravel()
    chosen = quantize_settled([PLAIN], values, noise, True, EIGHT_STATES, ANY_DEVICE, grid)
    assert isinstance(chosen, Quantized)
    decoded = Lattice.of(chosen, grid).integers(chosen.found.fine)
    found = recognize_integers(grid, (decoded + zero).astype(kind).view(np.uint8).ravel(), [PLAIN])
    assert found is not None
    assert found.quantized is not None
    np.testing.assert_array_equal(
        Lattice.of(found.quantized, grid).integers(found.quantized.found.fine), decoded
    )


def test_integers_as_tools_round_them_have_no_levels() -> None:
    rng = np.random.default_rng(0)
    grid = IntegerGrid(ElementType.INT8, np.exp(rng.normal(-4, 0.3, 64)), 0)
    integers = np.rint(30 * rng.standard_normal((64, 128))).clip(-128, 127).astype(np.int8)
    assert recognize_integers(grid, integers.view(np.uint8).ravel(), [PLAIN]) is None

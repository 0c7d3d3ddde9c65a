"""Lattices of quantized weights."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.device import ANY_DEVICE
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.lattice import Lattice, quantize_settled, settled
from nntc.encoder.methods.weights import Quantized, Scalar
from nntc.encoder.quantize.shaping import Shaping
from nntc.format.registry import ElementType, ViewKind
from nntc.format.transform import Transform
from nntc.format.trellis import EIGHT_STATES
from nntc.format.view import View

GRID = IntegerGrid(ElementType.UINT8, np.geomspace(0.01, 0.03, 32), 128)


@pytest.mark.parametrize("transform", [None, Transform(3, 3)])
@pytest.mark.parametrize("noise", [0.001, 0.01])
def test_settled_levels_are_nearest_to_what_they_decode_to(transform: Transform | None, noise: float) -> None:
    integers = np.rint(35 * np.random.default_rng(0).standard_normal((32, 144))).clip(-128, 127)
    values = (integers * GRID.scales[:, None]).ravel()
    plain = Shaping(View(ViewKind.MATRIX, 32, 16, 9), None, None, np.ones(1))
    shaped = [plain] if transform is None else [plain, Shaping(plain.view, transform, None, np.ones(9))]
    found = quantize_settled(shaped, values, noise, True, EIGHT_STATES, ANY_DEVICE, GRID)
    assert isinstance(found, Quantized)
    lattice = Lattice.of(found, GRID)
    decoded = lattice.integers(found.found.fine)
    assert decoded.min() >= -128
    assert decoded.max() <= 127
    again = lattice.nearest(decoded, found.segment, found.found.machine)
    np.testing.assert_array_equal(again.levels, found.found.levels)
    assert np.mean((decoded - integers) ** 2) < 4 * noise * np.mean(integers**2) + 1


def test_real_weights_stay_as_they_were_quantized() -> None:
    scalar = Scalar(1.0, Shaping(View(ViewKind.MATRIX, 1, 4), None, None, np.ones(1)), np.arange(4))
    assert settled(scalar, None) is scalar
    assert settled(scalar, GRID) is scalar

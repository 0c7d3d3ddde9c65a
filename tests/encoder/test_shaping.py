from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.decoder.tensor.transform import SCALE, Transform
from codec.encoder.quantize.dct import forward
from codec.encoder.quantize.shaping import equal_steps, shapings
from codec.encoder.roles import InputKind, Role
from codec.encoder.tensors import Tensor
from codec.format.registry import ElementType, ViewKind
from codec.format.steps import STEP_CODES
from codec.format.view import View

VIEWS = [
    (View(ViewKind.MATRIX, 8, 64), (8, 64, 1, 1)),
    (View(ViewKind.MATRIX, 8, 96), (8, 96)),
    (View(ViewKind.MATRIX, 8, 7), (8, 7, 1, 1)),
    (View(ViewKind.TRANSPOSED, 8, 64), (64, 8)),
    (View(ViewKind.MATRIX, 8, 16, 9), (8, 16, 3, 3)),
    (View(ViewKind.MATRIX, 8, 4, 15), (8, 4, 3, 5)),
    (View(ViewKind.MATRIX, 8, 4, 225), (8, 4, 15, 15)),
    (View(ViewKind.MATRIX, 8, 4, 289), (8, 4, 17, 17)),
    (View(ViewKind.TRANSPOSED, 8, 16, 16), (16, 8, 4, 4)),
    (View(ViewKind.MATRIX, 8, 4, 27), (8, 4, 3, 3, 3)),
    (View(ViewKind.MATRIX, 8, 4, 7), (8, 4, 7)),
    (View(ViewKind.MATRIX, 64, 1, 9), (64, 1, 3, 3)),
]
KINDS = (None, InputKind.SHARED_MEAN, InputKind.RAW)
ROLES = (Role.CONVOLUTION, Role.DEPTHWISE, Role.TRANSPOSED_CONVOLUTION, Role.DENSE)


def tensor(view: View, dims: tuple[int, ...], role: Role, kind: InputKind | None) -> Tensor:
    values = np.random.default_rng(0).normal(0, 1, view.size).astype(np.float32)
    return Tensor("w", role, ElementType.FLOAT32, view, memoryview(values.tobytes()), 0, dims, kind)


@pytest.mark.parametrize(("view", "dims"), VIEWS)
def test_shapings_fit_their_tensor(view: View, dims: tuple[int, ...]) -> None:
    for role, kind in product(ROLES, KINDS):
        example = tensor(view, dims, role, kind)
        assert all(way.codes is None for way in equal_steps(example))
        assert shapings(example)[0].transform is None
        for way in [*shapings(example), *equal_steps(example)]:
            assert way.view.size == view.size
            assert way.view.kind is view.kind
            # A record's view decides the order of the payload: it must be that in which values were taken.
            order = np.arange(view.size)
            assert (way.view.to_coded(order) == view.to_coded(order)).all()
            assert (way.steps > 0).all()
            assert np.isfinite(way.steps).all()
            assert view.columns % way.steps.size == 0
            if way.codes is not None:
                assert way.codes.size == way.view.columns
                steps = np.tile(way.steps, way.view.columns // way.steps.size)
                factors = STEP_CODES[way.codes]
                np.testing.assert_allclose(factors / factors.min(), steps / steps.min())
            if way.transform is not None:
                assert way.transform.period == way.view.period == way.steps.size


@given(st.integers(1, 16), st.integers(1, 16), st.integers(0, 6), st.integers(0, 1 << 32))
def test_forward_and_inverse_undo_each_other(height: int, width: int, mix: int, seed: int) -> None:
    transform = Transform(height, width, mix)
    values = np.random.default_rng(seed).normal(0, 1, 3 * transform.period) + 1
    integers = np.rint(forward(values, transform) * 2.0 ** (10 - mix / 2))
    back = transform.inverse(integers) * SCALE * 2.0**-10
    scale = 2.0**-10 * 2.0 ** (mix / 2)
    assert np.abs(back - values).max() < 4 * scale
    assert np.sqrt(np.mean((back - values) ** 2)) < scale


@given(st.integers(1, 16), st.integers(1, 16), st.integers(0, 6), st.integers(0, 1 << 32))
def test_forward_keeps_the_energy(height: int, width: int, mix: int, seed: int) -> None:
    transform = Transform(height, width, mix)
    values = np.random.default_rng(seed).normal(0, 1, 2 * transform.period)
    assert np.linalg.norm(forward(values, transform)) == pytest.approx(np.linalg.norm(values), rel=3e-3)

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from nntc.encoder.quantize.shaping import equal_steps, shapings
from nntc.encoder.split.content import Stretch
from nntc.encoder.tensors import Tensor
from nntc.format.registry import ElementType, ViewKind
from nntc.format.steps import STEP_CODES
from nntc.format.view import View
from nntc.onnx.roles import InputKind, Role

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
    data = Stretch.of(memoryview(values.tobytes()))
    return Tensor("w", role, ElementType.FLOAT32, view, data, data, 0, dims, kind)


@pytest.mark.parametrize(("view", "dims"), VIEWS)
def test_shapings_fit_their_tensor(view: View, dims: tuple[int, ...]) -> None:
    for role, kind in product(ROLES, KINDS):
        example = tensor(view, dims, role, kind)
        assert all(candidate.codes is None for candidate in equal_steps(example))
        assert shapings(example)[0].transform is None
        for candidate in [*shapings(example), *equal_steps(example)]:
            assert candidate.view.size == view.size
            assert candidate.view.kind is view.kind
            # A record's view decides the order of the payload: it must be that in which values were taken.
            order = np.arange(view.size)
            assert (candidate.view.to_coded(order) == view.to_coded(order)).all()
            assert (candidate.steps > 0).all()
            assert np.isfinite(candidate.steps).all()
            assert view.columns % candidate.steps.size == 0
            if candidate.codes is not None:
                assert candidate.codes.size == candidate.view.columns
                steps = np.tile(candidate.steps, candidate.view.columns // candidate.steps.size)
                factors = STEP_CODES[candidate.codes]
                np.testing.assert_allclose(factors / factors.min(), steps / steps.min())
            if candidate.transform is not None:
                assert candidate.transform.period == candidate.view.period == candidate.steps.size

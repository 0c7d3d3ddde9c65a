from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.integer_grid import IntegerGrid, grid_of
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View
from nntc.onnx.integers import Affine

INT8, UINT8 = ElementType.INT8, ElementType.UINT8


def affine(scale: object, zero: object = 0) -> Affine:
    return Affine(np.asarray(scale, np.float64), np.asarray(zero, np.int64))


def test_integers_stand_for_multiples_of_their_row_s_scale() -> None:
    grid = IntegerGrid(INT8, np.array([0.5, 2.0]), 3)
    stored = np.array([-128, 127, 3, 4], np.int8).view(np.uint8)
    assert grid.integers(stored).tolist() == [[-131, 124], [0, 1]]
    assert grid.values(stored).tolist() == [-65.5, 62.0, 0.0, 2.0]
    assert IntegerGrid(UINT8, np.ones(1), 128).values(np.array([0, 255], np.uint8)).tolist() == [-128, 127]
    assert grid.rows(1, 2).scales.tolist() == [2.0]


@pytest.mark.parametrize("kind", [ViewKind.MATRIX, ViewKind.TRANSPOSED])
def test_scales_go_with_rows_however_these_are_stored(kind: ViewKind) -> None:
    view = View(kind, 3, 4, 2)
    dims = (3, 4, 2) if kind is ViewKind.MATRIX else (4, 3, 2)
    scale = np.array([1.0, 2.0, 3.0])
    along = scale.reshape(3, 1, 1) if kind is ViewKind.MATRIX else scale.reshape(1, 3, 1)
    grid = grid_of(affine(along), INT8, dims, view)
    assert grid is not None
    assert grid.scales.tolist() == [1.0, 2.0, 3.0]
    other = np.ones(4).reshape(1, 4, 1) if kind is ViewKind.MATRIX else np.ones(4).reshape(4, 1, 1)
    assert grid_of(affine(other), INT8, dims, view) is None


def test_one_scale_is_that_of_all_rows_and_zero_points_are_alike() -> None:
    view = View(ViewKind.MATRIX, 2, 3)
    grid = grid_of(affine([0.25], [[7], [7]]), UINT8, (2, 3), view)
    assert grid is not None
    assert (grid.scales.tolist(), grid.zero) == ([0.25, 0.25], 7)
    assert grid_of(affine(1.0, [[7], [8]]), UINT8, (2, 3), view) is None


def test_zeros_of_rounding_are_no_pruning() -> None:
    rng = np.random.default_rng(0)
    grid = IntegerGrid(INT8, np.array([0.1, 3.0]), 0)
    rounded = np.rint(rng.normal(0, 1, (2, 500))).astype(np.int8)
    assert np.mean(rounded == 0) > 0.3
    assert grid.zeros(grid.values(rounded.view(np.uint8).ravel())) is None
    pruned = np.where(rng.random((2, 500)) < 0.5, 0, rng.integers(-90, 90, (2, 500))).astype(np.int8)
    zeros = grid.zeros(grid.values(pruned.view(np.uint8).ravel()))
    assert zeros is not None
    assert zeros.tolist() == (pruned.ravel() == 0).tolist()

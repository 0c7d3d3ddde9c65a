from __future__ import annotations

import numpy as np
import onnx
import pytest
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.model import open_model
from nntc.format.registry import ElementType
from onnx import numpy_helper

from tests.integer_models import integers, model_of, node, qdq, scales


def grids(model: onnx.ModelProto) -> dict[str, IntegerGrid | None]:
    """Return the grid of each of a model's tensors."""
    with open_model(model.SerializeToString()) as opened:
        return {tensor.name: tensor.grid for tensor in opened.tensors}


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [True, False])
def test_weights_have_a_grid_and_nothing_else_has(kind: type, per_channel: bool) -> None:
    model = qdq(per_channel=per_channel, kind=kind)
    found = grids(model)
    assert {name for name, grid in found.items() if grid is not None} == {"w", "v"}
    grid = found["v"]
    assert grid is not None
    assert grid.element is (ElementType.INT8 if kind is np.int8 else ElementType.UINT8)
    assert grid.zero == (0 if kind is np.int8 else 128)
    stored = next(t for t in model.graph.initializer if t.name == "vs")
    assert grid.scales.tolist() == np.broadcast_to(numpy_helper.to_array(stored), 96).tolist()


def test_copies_with_other_scales_have_none() -> None:
    same = integers((64, 64))
    nodes = [
        node("DequantizeLinear", ["w", "ws"], ["a"], axis=1), node("MatMul", ["x", "a"], ["h"]),
        node("DequantizeLinear", ["v", "vs"], ["b"], axis=1), node("MatMul", ["h", "b"], ["y"]),
    ]  # fmt: skip
    assert grids(model_of(nodes, ("n", 64), w=same, v=same, ws=scales(64), vs=scales(64)))["w"] is not None
    assert grids(model_of(nodes, ("n", 64), w=same, v=same, ws=scales(64), vs=scales(64, 1)))["w"] is None


def test_what_no_layer_multiplies_with_has_none() -> None:
    nodes = [node("DequantizeLinear", ["w", "ws"], ["a"], axis=0), node("Add", ["x", "a"], ["y"])]
    assert grids(model_of(nodes, ("n", 64), w=integers((64, 64)), ws=scales(64)))["w"] is None

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from nntc.onnx.integers import affine_of, find_integer_uses
from nntc.onnx.tensor import Path
from onnx import helper, numpy_helper

from tests.integer_models import Array, integers, model_of, node, qdq, scales

CONTRIB = {"domain": "com.microsoft"}


def meaning(model: onnx.ModelProto, name: str) -> tuple[Array, Array] | None:
    """Return scale and zero point of a constant, as they broadcast to it; None where they are not known."""
    tensors = model.graph.initializer
    index = [tensor.name for tensor in tensors].index(name)
    uses = find_integer_uses(model).get(("graph", "initializer", index))
    if uses is None:
        return None

    def value_of(path: Path) -> Array | None:
        return numpy_helper.to_array(tensors[path[2]]) if path[1] == "initializer" else None

    found = affine_of(uses, tuple(tensors[index].dims), value_of)
    return None if found is None else (found.scale, found.zero)


def one(made: onnx.NodeProto, shape: tuple[int, ...], **constants: Any) -> tuple[Array, Array] | None:
    return meaning(model_of([made], ("n", 4), w=integers(shape), **constants), "w")


def test_scales_of_channels_stand_along_their_axis() -> None:
    model = qdq()
    for name, shape in (("w", (48, 1, 1, 1)), ("v", (1, 96))):
        found = meaning(model, name)
        assert found is not None
        assert np.broadcast_shapes(found[0].shape, shape) == shape
        assert not found[1].any()
    whole = meaning(qdq(per_channel=False, kind=np.uint8), "w")
    assert whole is not None
    assert (whole[0].shape, int(whole[1])) == ((), 128)


@pytest.mark.parametrize(
    ("made", "shape", "scale"),
    [
        (node("QLinearConv", ["a", "s", "z", "w", "ws", "wz", "s", "z"], ["y"]), (6, 4, 3, 3), (6, 1, 1, 1)),
        (node("QLinearMatMul", ["a", "s", "z", "w", "ws", "wz", "s", "z"], ["y"]), (4, 6), (6,)),
        (node("QGemm", ["a", "s", "z", "w", "ws", "wz"], ["y"], transB=1, **CONTRIB), (6, 4), (6, 1)),
        (node("QGemm", ["a", "s", "z", "w", "ws", "wz"], ["y"], **CONTRIB), (4, 6), (6,)),
        (node("MatMulIntegerToFloat", ["a", "w", "s", "ws", "z", "wz"], ["y"], **CONTRIB), (4, 6), (6,)),
        (node("DynamicQuantizeMatMul", ["x", "w", "ws", "wz"], ["y"], **CONTRIB), (4, 6), (6,)),
        (node("DequantizeLinear", ["w", "ws", "wz"], ["y"], axis=-2), (6, 4), (6, 1)),
    ],
)
def test_every_operator_has_its_axis(made: onnx.NodeProto, shape: tuple[int, ...], scale: Any) -> None:
    found = one(made, shape, ws=scales(6), wz=np.zeros(6, np.int8), s=np.array(1.0), z=np.array(0))
    assert found is not None
    assert found[0].shape == scale
    assert found[0].ravel().tolist() == scales(6).astype(np.float64).tolist()


def test_recurrent_layers_have_a_scale_for_each_direction_or_output() -> None:
    inputs = ["x", "w", "r", "", "", "", "", "", "ws", "wz", "rs", "rz"]
    made = node("DynamicQuantizeLSTM", inputs, ["y"], hidden_size=2, **CONTRIB)
    zeros = np.zeros(2, np.int8)
    rest = {"r": integers((2, 2, 8)), "rs": scales(2), "rz": zeros}
    found = one(made, (2, 4, 8), ws=scales(2), wz=zeros, **rest)
    assert found is not None
    assert found[0].shape == (2, 1, 1)
    found = one(made, (2, 4, 8), ws=scales(16).reshape(2, 8), wz=np.zeros((2, 8), np.int8), **rest)
    assert found is not None
    assert found[0].shape == (2, 1, 8)


def test_integer_products_have_their_scale_elsewhere() -> None:
    found = one(node("MatMulInteger", ["a", "w"], ["y"]), (4, 6))
    assert found is not None
    assert (float(found[0]), int(found[1])) == (1.0, 0)
    found = one(node("ConvInteger", ["a", "w", "", "wz"], ["y"]), (6, 4, 1, 1), wz=np.array(3, np.int8))
    assert found is not None
    assert int(found[1]) == 3


def test_what_is_not_only_weights_is_not_found() -> None:
    dequantize = node("DequantizeLinear", ["w", "ws"], ["y"], axis=0)
    assert one(dequantize, (6, 4), ws=scales(6)) is not None
    for other in (node("Cast", ["w"], ["c"], to=1), node("Gather", ["w", "i"], ["c"])):
        model = model_of([dequantize, other], ("n",), w=integers((6, 4)), ws=scales(6), i=np.arange(2))
        assert meaning(model, "w") is None
    # A computed scale, one of blocks, two that differ, none above zero, an output, an input's default.
    assert one(dequantize, (6, 4)) is None
    blocks = node("DequantizeLinear", ["w", "ws"], ["y"], axis=0, block_size=3)
    assert one(blocks, (6, 4), ws=scales(8).reshape(2, 4)) is None
    model = model_of(
        [dequantize, node("DequantizeLinear", ["w", "other"], ["c"], axis=0)], ("n",),
        w=integers((6, 4)), ws=scales(6), other=scales(6, 1),
    )  # fmt: skip
    assert meaning(model, "w") is None
    assert one(dequantize, (6, 4), ws=-scales(6)) is None
    assert one(dequantize, (6, 4), ws=scales(5)) is None
    model = model_of([dequantize], ("n",), w=integers((6, 4)), ws=scales(6))
    model.graph.output.append(onnx.ValueInfoProto(name="w"))
    assert meaning(model, "w") is None
    model = model_of([dequantize], ("n",), w=integers((6, 4)), ws=scales(6))
    model.graph.input.append(helper.make_tensor_value_info("ws", 1, (6,)))
    assert meaning(model, "w") is None


def test_bodies_that_read_integers_keep_them_exact() -> None:
    body = helper.make_graph(
        [node("Cast", ["w"], ["inner"], to=1)], "body", [], [onnx.ValueInfoProto(name="inner")]
    )
    nodes = [
        node("DequantizeLinear", ["w", "ws"], ["y"], axis=0),
        node("If", ["c"], ["z"], then_branch=body, else_branch=body),
    ]
    model = model_of(nodes, ("n",), w=integers((6, 4)), ws=scales(6), c=np.array(True))
    assert meaning(model, "w") is None

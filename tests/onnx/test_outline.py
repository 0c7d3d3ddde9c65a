"""Outlines of models: payloads that are named are left out, everything else stays as it is."""

from __future__ import annotations

from random import Random

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.onnx.outline import outline
from nntc.onnx.protobuf import BlockRead
from onnx import TensorProto, helper, numpy_helper

from tests.odd_models import made
from tests.onnx.wire import find, initializer, num, sub, varint


def without(data: bytes, names: set[str]) -> bytes:
    """Return an outline of a model; payloads left out are never read."""
    cut = {wire.offset: wire.length for wire in find(data) if wire.name in names}

    def read(offset: int, length: int) -> bytes:
        assert all(offset + length <= at or offset >= at + size for at, size in cut.items())
        return data[offset : offset + length]

    found = outline(read, len(data), cut)
    assert outline(BlockRead(data), len(data), cut) == found
    return found


def tensors(rng: Random) -> list[onnx.TensorProto]:
    found = []
    for number in range(rng.randint(1, 6)):
        values = np.full(rng.choice((1, 30, 70_000)), number, np.float32)
        tensor = numpy_helper.from_array(values, f"t{number}")
        if rng.random() < 0.3:
            tensor = helper.make_tensor(f"t{number}", TensorProto.FLOAT, values.shape, values.tolist())
        found.append(tensor)
    return found


@given(st.randoms(use_true_random=False))
def test_named_payloads_are_left_out(rng: Random) -> None:
    inner = helper.make_graph(
        [], "inner", [], [], [numpy_helper.from_array(np.ones(99, np.float32), "inside")]
    )
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner)
    constant = helper.make_node(
        "Constant", [], ["k"], value=numpy_helper.from_array(np.zeros(40, np.float32))
    )
    model = made([node, constant], constants=tensors(rng))
    names = {t.name for t in find(model.SerializeToString())}
    chosen = {name for name in names if rng.random() < 0.5}
    found = onnx.load_model_from_string(without(model.SerializeToString(), chosen))
    places = [*model.graph.initializer, model.graph.node[0].attribute[0].g.initializer[0]]
    for tensor in [*places, model.graph.node[1].attribute[0].t]:
        if (tensor.name or "k") in chosen:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    assert found == model


@pytest.mark.parametrize("value", [0, 127, 128, 2**63, 2**64 - 1])
def test_other_fields_stay(value: int) -> None:
    fixed = varint(99 << 3 | 5) + b"abcd" + varint(98 << 3 | 1) + b"abcdefgh"
    data = num(1, value) + initializer(num(2, 1), num(1, 20), sub(8, b"w"), sub(9, bytes(80))) + fixed
    expected = num(1, value) + initializer(num(2, 1), num(1, 20), sub(8, b"w")) + fixed
    assert without(data, {"w"}) == expected
    assert without(data, set()) == data

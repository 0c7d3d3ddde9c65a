from __future__ import annotations

from typing import Any

import onnx
import pytest
from nntc.onnx.roles import Tolerance
from onnx import helper

from tests.onnx.roles.graphs import model_of, roles_by_name, tensor


def loop(op: str, body: list[onnx.NodeProto]) -> onnx.ModelProto:
    """Return a loop that carries `h` on to `next` and puts out `y`; `w` is outside, `seen` computed there."""
    carried = op == "Loop"
    names = ["i", "c", "h"] if carried else ["h", "x"]
    ends = ["c", "next", "y"] if carried else ["next", "y"]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    outputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ends]
    graph = helper.make_graph(body, "body", values, outputs, [tensor("inner", 8, 8), tensor("last", 8, 8)])
    extra: dict[str, Any] = {} if carried else {"num_scan_inputs": 1}
    node = helper.make_node(
        op, ["n", "c0", "h0"] if carried else ["h0", "xs"], ["end", "ys"], body=graph, **extra
    )
    before = helper.make_node("MatMul", ["z", "before"], ["seen"])
    return model_of([before, node], [tensor("w", 8, 8), tensor("before", 8, 8)])


@pytest.mark.parametrize("op", ["Loop", "Scan"])
def test_what_makes_the_state_of_a_loop_is_exact(op: str) -> None:
    body = [
        helper.make_node("MatMul", ["h", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "inner"], ["d"]),
        helper.make_node("Add", ["d", "seen"], ["e"]),
        helper.make_node("Tanh", ["e"], ["next"]),
        helper.make_node("MatMul", ["next", "last"], ["y"]),
    ]
    roles = roles_by_name(loop(op, body))
    exact = {name for name, role in roles.items() if role.tolerance is Tolerance.EXACT}
    # Neither what the loop puts out nor what it takes from outside goes into its next round.
    assert exact == {"w", "inner"}
    assert roles["w"].reason == "a loop begins its next round with what is computed with it"

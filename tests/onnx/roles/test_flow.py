"""Constants are followed through casts, quantization, transposition, concatenation and functions."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from nntc.format.view import View
from nntc.onnx.roles import Role
from onnx import helper

from tests.onnx.roles.graphs import M, T, model_of, node, role_of, roles_by_name, tensor


def test_recurrent_weights_put_together_from_pieces() -> None:
    nodes = [
        node("Slice", "w a b", "w0"),
        node("Slice", "w b c", "w1"),
        node("Concat", "w1 w0", "reordered", axis=0),
        node("Unsqueeze", "reordered a", "W"),
        node("Concat", "b_in b_state", "b_all", axis=0),
        node("Unsqueeze", "b_all a", "B"),
        node("LSTM", "x W R B"),
    ]
    tensors = [tensor("w", 24, 5), tensor("b_in", 24), tensor("b_state", 24), tensor("a", 1, dtype=np.int64)]
    roles = roles_by_name(model_of(nodes, tensors))
    assert (roles["w"].role, roles["w"].view) == (Role.RECURRENT, View(M, 24, 5))
    assert (roles["w"].node, roles["w"].input) == (("graph", "node", 6), 1)
    assert roles["b_in"].role is roles["b_state"].role is Role.BIAS
    assert roles["a"].role is Role.OTHER


def test_constants_are_seen_through_casts_and_quantization() -> None:
    weights = tensor("w", 6, 3, 3, 3, dtype=np.int8)
    nodes = [
        node("DequantizeLinear", "w s z", "a"),
        node("Identity", "a", "b"),
        node("Cast", "b", "c", to=1),
        node("Conv", "x c", "y"),
        node("DequantizeLinear", "q s z", "bias"),
        node("Add", "y bias", "out"),
    ]
    tensors = [
        weights,
        tensor("s", 6),
        tensor("z", 6, dtype=np.int8),
        tensor("q", 1, 6, 1, 1, dtype=np.int32),
    ]
    roles = roles_by_name(model_of(nodes, tensors))
    assert (roles["w"].role, roles["w"].view) == (Role.CONVOLUTION, View(M, 6, 3, 9))
    assert roles["q"].role is Role.BIAS
    assert roles["s"].role is roles["z"].role is Role.OTHER


@pytest.mark.parametrize(
    ("perm", "dims", "consumer", "expected"),
    [
        (None, (7, 5), node("MatMul", "x t"), (Role.DENSE, View(M, 7, 5))),
        ([1, 0], (5, 7), node("MatMul", "x t"), (Role.DENSE, View(M, 5, 7))),
        ([0, 1], (7, 5), node("MatMul", "x t"), (Role.DENSE, View(T, 5, 7))),
        # Kernels as height, width, inputs, outputs
        ([3, 2, 0, 1], (3, 5, 4, 8), node("Conv", "x t"), (Role.CONVOLUTION, View(T, 8, 60, 1))),
        ([2, 3, 0, 1], (3, 3, 8, 1), node("Conv", "x t", group=8), (Role.DEPTHWISE, View(T, 8, 9, 1))),
        ([0, 2, 1], (3, 5, 7), node("MatMul", "x t"), (Role.DENSE, View(M, 15, 7))),
        ([0, 0], (7, 5), node("MatMul", "x t"), (Role.DENSE, View(M, 7, 5))),
        ([5, 1], (7, 5), node("MatMul", "x t"), (Role.DENSE, View(M, 7, 5))),
    ],
)
def test_transposed_constants(
    perm: list[int] | None, dims: tuple[int, ...], consumer: onnx.NodeProto, expected: tuple[Role, View]
) -> None:
    transpose = node("Transpose", "w", "t", **({} if perm is None else {"perm": perm}))
    assert role_of([transpose, consumer], tensor("w", *dims)) == expected


def test_reshaped_constants_keep_their_role_and_own_shape() -> None:
    nodes = [node("Reshape", "w shape", "r"), node("Transpose", "r", "t", perm=[1, 0])]
    assert role_of([*nodes, node("MatMul", "x t")], tensor("w", 4, 3, 2)) == (Role.DENSE, View(M, 4, 6))
    assert role_of([*nodes, node("Conv", "x t")], tensor("w", 4, 3, 2)) == (
        Role.CONVOLUTION,
        View(M, 4, 3, 2),
    )
    assert role_of([*nodes, node("Conv", "x t")], tensor("w", 4, 3)) == (Role.CONVOLUTION, View(M, 4, 3))


def test_functions_see_their_arguments() -> None:
    linear = helper.make_function(
        "local",
        "Linear",
        ["x", "weight", "bias"],
        ["y"],
        [
            node("Transpose", "weight", "t", perm=[1, 0]),
            node("MatMul", "x t", "m"),
            node("Add", "m bias", "y"),
        ],
        [],
    )
    block = helper.make_function(
        "local",
        "Block",
        ["x", "w", "b"],
        ["y"],
        [
            helper.make_node("Constant", [], ["k"], value=tensor("kernel", 4, 3, 3)),
            node("Conv", "x k", "c"),
            node("Linear", "c w b", domain="local"),
        ],
        [],
    )
    unused = helper.make_function(
        "local",
        "Unused",
        [],
        ["y"],
        [helper.make_node("Constant", [], ["k"], value=tensor("e", 9, 3)), node("Gather", "k i")],
        [],
    )
    model = model_of(
        [node("Block", "x w b", domain="local")],
        [tensor("w", 5, 7), tensor("b", 5)],
        functions=[linear, block, unused],
    )
    roles = roles_by_name(model)
    assert (roles["w"].role, roles["w"].view) == (Role.DENSE, View(M, 5, 7))
    assert roles["w"].node == ("functions", 0, "node", 1)
    assert roles["b"].role is Role.BIAS
    assert roles["kernel"].role is Role.CONVOLUTION
    assert roles["e"].role is Role.EMBEDDING


def test_functions_that_multiply_end() -> None:
    functions = [
        helper.make_function(
            "local", f"F{n}", ["w"], ["y"], [node(f"F{n + 1}", "w", domain="local")] * 10, []
        )
        for n in range(40)
    ]
    functions.append(helper.make_function("local", "F40", ["w"], ["y"], [node("Shape", "w")], []))
    functions.append(helper.make_function("local", "R", ["w"], [], [node("R", "w", domain="local")] * 9, []))
    functions[30].node.append(helper.make_node("Constant", [], ["k"], value=tensor("k", 9, 3)))
    model = model_of(
        [node("F0", "w", domain="local"), node("R", "w", domain="local"), node("Gather", "w i")],
        [tensor("w", 9, 3)],
        functions=functions,
    )
    roles = roles_by_name(model)
    assert roles["w"].role is Role.EMBEDDING
    assert roles["k"].role is Role.OTHER


def test_concatenations_that_multiply_end() -> None:
    nodes = [node("Concat", f"c{n} c{n} c{n}", f"c{n + 1}", axis=0) for n in range(60)]
    assert role_of([*nodes, node("MatMul", "x c60")], tensor("c0", 3, 4)) == (Role.DENSE, View(M, 3, 4))
    many = [tensor(f"w{n}", 3, 4) for n in range(65)]
    all_of_them = node("Concat", " ".join(t.name for t in many), "all", axis=0)
    assert role_of([all_of_them, node("MatMul", "x all")], *many)[0] is Role.OTHER

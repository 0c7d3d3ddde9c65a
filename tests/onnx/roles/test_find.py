"""Roles of tensors by the operators that use them, in graphs, subgraphs and functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nntc.format.view import View
from nntc.onnx.roles import InputKind, Role, find_roles, input_kinds
from onnx import TensorProto, helper

from tests.onnx.roles.graphs import M, T, model_of, node, role_of, roles_by_name, tensor


@pytest.mark.parametrize(
    ("dims", "attributes", "expected"),
    [
        ((8, 3, 5, 7), {}, (Role.CONVOLUTION, View(M, 8, 3, 35))),
        ((8, 3, 5), {}, (Role.CONVOLUTION, View(M, 8, 3, 5))),
        ((8, 3, 2, 2, 2), {"group": 2}, (Role.CONVOLUTION, View(M, 8, 3, 8))),
        ((8, 3, 1, 1), {}, (Role.CONVOLUTION, View(M, 8, 3, 1))),
        ((8, 1, 3, 3), {"group": 8}, (Role.DEPTHWISE, View(M, 8, 1, 9))),
        ((8, 1, 3, 3), {"group": 4}, (Role.DEPTHWISE, View(M, 8, 1, 9))),
        ((8, 1, 3, 3), {}, (Role.CONVOLUTION, View(M, 8, 1, 9))),
        ((1, 8, 3, 3), {}, (Role.CONVOLUTION, View(M, 1, 8, 9))),
    ],
)
@pytest.mark.parametrize(("op", "inputs"), [("Conv", "x w"), ("QLinearConv", "x s z w s z s z")])
def test_convolution(
    op: str, inputs: str, dims: tuple[int, ...], attributes: dict[str, Any], expected: tuple[Role, View]
) -> None:
    assert role_of([node(op, inputs, **attributes)], tensor("w", *dims)) == expected


@pytest.mark.parametrize(
    ("dims", "attributes", "expected"),
    [
        ((8, 3, 5, 7), {}, (Role.TRANSPOSED_CONVOLUTION, View(T, 3, 8, 35))),
        ((8, 1, 4, 4), {}, (Role.TRANSPOSED_CONVOLUTION, View(M, 1, 8, 16))),
        ((1, 8, 4, 4), {}, (Role.TRANSPOSED_CONVOLUTION, View(M, 8, 4, 4))),
        ((8, 1, 4, 4), {"group": 8}, (Role.DEPTHWISE, View(M, 8, 1, 16))),
    ],
)
def test_transposed_convolution(
    dims: tuple[int, ...], attributes: dict[str, Any], expected: tuple[Role, View]
) -> None:
    assert role_of([node("ConvTranspose", "x w", **attributes)], tensor("w", *dims)) == expected


@pytest.mark.parametrize(
    ("consumer", "dims", "view"),
    [
        (node("Gemm", "x w", transB=1), (5, 7), View(M, 5, 7)),
        (node("Gemm", "x w"), (7, 5), View(T, 5, 7)),
        (node("Gemm", "w x"), (5, 7), View(M, 5, 7)),
        (node("Gemm", "w x", transA=1), (7, 5), View(T, 5, 7)),
        (node("MatMul", "x w"), (7, 5), View(T, 5, 7)),
        (node("MatMul", "w x"), (5, 7), View(M, 5, 7)),
        (node("MatMulInteger", "x w"), (7, 5), View(T, 5, 7)),
        (node("QLinearMatMul", "x s z w s z s z"), (7, 5), View(T, 5, 7)),
        (node("FusedMatMul", "x w", domain="com.microsoft", transB=1), (5, 7), View(M, 5, 7)),
        (node("Attention", "x w", domain="com.microsoft"), (7, 15), View(T, 15, 7)),
        (node("MatMul", "x w"), (1, 7, 5), View(T, 5, 7)),
        (node("MatMul", "x w"), (3, 7, 5), View(M, 21, 5)),
        (node("MatMul", "w x"), (3, 2, 5, 7), View(M, 30, 7)),
        (node("MatMul", "x w"), (7,), View(M, 1, 7)),
        (node("MatMul", "x w"), (7, 1), View(M, 1, 7)),
        (node("MatMul", "x w"), (1, 5), View(M, 5, 1)),
        (node("Einsum", "x w", equation="bi,ij->bj"), (7, 5), View(M, 7, 5)),
    ],
)
def test_dense(consumer: onnx.NodeProto, dims: tuple[int, ...], view: View) -> None:
    assert role_of([consumer], tensor("w", *dims)) == (Role.DENSE, view)


def test_recurrent() -> None:
    for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        tensors = [
            tensor("W", 2, gates * 6, 5),
            tensor("R", 2, gates * 6, 6),
            tensor("B", 2, gates * 12),
            tensor("h", 2, 1, 6),
            tensor("P", 1, 18),
        ]
        roles = roles_by_name(
            model_of([node(op, "x W R B _ h _ P" if gates == 4 else "x W R B _ h")], tensors)
        )
        assert (roles["W"].role, roles["W"].view) == (Role.RECURRENT, View(M, 2 * gates * 6, 5))
        assert (roles["R"].role, roles["R"].view) == (Role.RECURRENT, View(M, 2 * gates * 6, 6))
        assert (roles["B"].role, roles["B"].view) == (Role.BIAS, View(M, 2, gates * 12))
        assert roles["h"].role is Role.OTHER
        assert roles["P"].role is (Role.BIAS if gates == 4 else Role.OTHER)


def test_embedding() -> None:
    assert role_of([node("Gather", "w i")], tensor("w", 50, 8)) == (Role.EMBEDDING, View(M, 50, 8))
    assert role_of([node("Gather", "w i", axis=1)], tensor("w", 50, 8)) == (Role.EMBEDDING, View(T, 8, 50))
    assert role_of([node("Gather", "w i", axis=5)], tensor("w", 50, 8))[0] is Role.OTHER
    assert role_of([node("Gather", "w i")], tensor("w", 50, dtype=np.int64))[0] is Role.OTHER
    # Tied with the output layer, which comes later, wherever it stands.
    tied = [node("Gather", "w i", "e"), node("Gemm", "e w", transB=1)]
    assert role_of(tied, tensor("w", 50, 8))[0] is Role.EMBEDDING
    assert role_of(tied[::-1], tensor("w", 50, 8))[0] is Role.EMBEDDING


def test_bias_and_normalization() -> None:
    nodes = [
        node("Conv", "x w conv_bias", "c"),
        node("BatchNormalization", "c scale shift mean variance", "n"),
        node("Add", "n residual", "r"),
        node("LayerNormalization", "r gamma beta", "l"),
        node("MatMul", "l dense", "m"),
        node("Reshape", "m shape", "s"),
        node("Add", "dense_bias s", "d"),
        node("Mul", "d factor", "f"),
        node("Add", "f offset", "o"),
        node("Add", "o position", "p"),
        node("Add", "p one", "q"),
        node("Add", "q count", "z"),
    ]
    small = ["conv_bias", "scale", "shift", "mean", "variance", "gamma", "beta", "dense_bias"]
    tensors = [
        tensor("w", 6, 3, 1, 1),
        *(tensor(name, 6) for name in small),
        tensor("dense", 6, 6),
        tensor("shape", 2, dtype=np.int64),
        tensor("factor", 1, 6, 1, 1),
        tensor("offset", 6, 1, 1),
        tensor("position", 10, 6),
        tensor("one"),
        tensor("count", 6, dtype=np.int64),
    ]
    roles = roles_by_name(model_of(nodes, tensors))
    by_role = {role: {name for name in roles if roles[name].role is role} for role in Role}
    assert by_role[Role.BIAS] == {"conv_bias", "dense_bias"}
    assert by_role[Role.NORMALIZATION] == {
        *("scale", "shift", "mean", "variance", "gamma", "beta", "factor", "offset")
    }
    assert by_role[Role.OTHER] == {"shape", "position", "one", "count"}
    assert roles["factor"].view == View(M, 1, 6)
    assert roles["position"].view == View(M, 10, 6)
    assert (roles["variance"].node, roles["variance"].input) == (("graph", "node", 1), 4)


def test_subgraphs_see_outer_constants() -> None:
    inner = helper.make_graph(
        [node("MatMul", "x w", "m"), node("Add", "m b", "o"), node("Conv", "x own", "c")],
        "body",
        [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, None)],
        [],
        [tensor("own", 4, 4, 3)],
    )
    inner.node.append(node("MatMul", "x hidden"))
    deep = helper.make_graph([helper.make_node("Loop", ["", "c"], ["y"], body=inner)], "then", [], [])
    model = model_of(
        [
            helper.make_node("If", ["c"], ["y"], then_branch=deep),
            node("Gather", "w i"),
            node("MatMul", "x t"),
        ],
        [tensor("w", 7, 5), tensor("b", 5), tensor("hidden", 7, 5), tensor("t", 7, 5)],
    )
    roles = roles_by_name(model)
    assert roles["w"].role is Role.DENSE
    assert roles["b"].role is Role.BIAS
    assert roles["own"].role is Role.CONVOLUTION
    assert roles["hidden"].role is Role.OTHER
    place = ("graph", "node", 0, "attribute", 0, "g", "node", 0, "attribute", 0, "g")
    assert roles["w"].node == (*place, "node", 0)


def test_constant_nodes_and_sparse_constants() -> None:
    sparse = helper.make_sparse_tensor(tensor("s", 9), tensor("indices", 9, dtype=np.int64), [6, 8])
    nodes = [
        helper.make_node("Constant", [], ["w"], value=tensor("", 6, 5)),
        helper.make_node("Constant", [], ["number"], value_float=1.5),
        helper.make_node("Constant", [], ["q"], sparse_value=sparse),
        node("MatMul", "x w", "y"),
        node("MatMul", "y q", "z"),
        helper.make_node("ConstantOfShape", ["y"], ["zeros"], value=tensor("fill", 1)),
    ]
    model = model_of(nodes, [])
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(tensor("init", 12), tensor("", 12, dtype=np.int64), [6, 8])
    )
    model.graph.node.append(node("Gemm", "x init"))
    roles = find_roles(model)
    views = {path[-3:]: (role.role, role.view) for path, role in roles.items()}
    assert views[("attribute", 0, "t")][0] is Role.OTHER  # the last of that name: ConstantOfShape
    assert roles[("graph", "node", 0, "attribute", 0, "t")].view == View(T, 5, 6)
    assert views[(0, "sparse_tensor", "values")] == (Role.DENSE, View(M, 1, 9))
    assert views[("sparse_initializer", 0, "values")] == (Role.DENSE, View(M, 1, 12))
    assert views[("sparse_initializer", 0, "indices")] == (Role.OTHER, View(M, 1, 12))


def test_training_graphs() -> None:
    model = model_of([], [tensor("w", 7, 5)])
    training = model.training_info.add()
    training.algorithm.CopyFrom(
        helper.make_graph([node("MatMul", "x w")], "a", [], [], [tensor("rate", 1, 2)])
    )
    roles = roles_by_name(model)
    assert roles["w"].role is Role.DENSE
    assert roles["rate"].role is Role.OTHER


def test_packed_elements_count_by_the_byte() -> None:
    def packed(name: str, *dims: int) -> onnx.TensorProto:
        raw = bytes((int(np.prod(dims)) + 1) // 2)
        return helper.make_tensor(name, TensorProto.INT4, dims, raw, raw=True)

    nodes = [
        node("DequantizeLinear", "rows s", "a"),
        node("Gemm", "x a", transB=1),
        node("MatMul", "x columns"),
        node("Gemm", "x odd", transB=1),
    ]
    roles = roles_by_name(
        model_of(nodes, [packed("rows", 5, 8), packed("columns", 8, 5), packed("odd", 3, 5)])
    )
    assert roles["rows"].view == View(M, 5, 4)
    assert roles["columns"].view == View(M, 1, 20)
    assert roles["odd"].view == View(M, 1, 8)
    assert {role.role for role in roles.values()} == {Role.DENSE}


NAMES = st.sampled_from(["", "a", "b", "c", "d", "e"])
OPERATORS = st.sampled_from([
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "Gather", "Add", "Mul", "Transpose", "Reshape"),
    *("Cast", "Concat", "DequantizeLinear", "BatchNormalization", "QLinearConv", "Einsum", "Nothing", "F"),
])  # fmt: skip


@st.composite
def odd_nodes(draw: st.DrawFn) -> onnx.NodeProto:
    result = helper.make_node(
        draw(OPERATORS), draw(st.lists(NAMES, max_size=5)), draw(st.lists(NAMES, max_size=2))
    )
    for name in draw(st.lists(st.sampled_from(["perm", "axis", "group", "transB"]), max_size=2)):
        value = draw(st.one_of(st.integers(-3, 3), st.lists(st.integers(-2, 4), min_size=1, max_size=4)))
        result.attribute.append(helper.make_attribute(name, value))
    return result


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(odd_nodes(), max_size=8),
    st.lists(st.tuples(NAMES, st.lists(st.integers(-1, 4), max_size=5)), max_size=5),
    st.lists(odd_nodes(), max_size=3),
)
def test_odd_graphs_never_raise(
    nodes: list[onnx.NodeProto], shapes: list[tuple[str, list[int]]], body: list[onnx.NodeProto]
) -> None:
    tensors = [TensorProto(name=name, dims=dims, data_type=1 + len(dims)) for name, dims in shapes]
    model = model_of(nodes, tensors)
    model.functions.append(helper.make_function("", "F", ["a", "b"], ["c"], body, []))
    assert set(find_roles(model)) == {("graph", "initializer", n) for n in range(len(shapes))}


@pytest.mark.parametrize(("has_data", "kind"), [(True, InputKind.SHARED_MEAN), (False, None)])
def test_limits_without_their_data_are_unknown(has_data: bool, kind: InputKind | None) -> None:
    limit = TensorProto(name="lo", data_type=TensorProto.FLOAT, dims=[], raw_data=bytes(4 * has_data))
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["h"]),
        helper.make_node("Clip", ["h", "lo"], ["c"]),
        helper.make_node("Conv", ["c", "b"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "g", [], [], [limit])
    assert input_kinds(helper.make_model(graph)).get(("graph", "node", 2)) == kind


def test_empty_model() -> None:
    assert find_roles(onnx.ModelProto()) == {}

"""Uses of constants, and the errors that each stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from nntc.onnx.roles import UNKNOWN_USE, UNUSED, TensorRole, Tolerance, find, find_roles, uses
from onnx import TensorProto, helper, numpy_helper

WEIGHT, ADDITIVE, SCALING, EXACT = Tolerance


def node(op: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    """Make a node; `inputs` are names between blanks, "_" for one left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(op, names, [output], **attributes)


def roles_of(
    nodes: list[onnx.NodeProto], dims: dict[str, tuple[int, ...]], outputs: tuple[str, ...] = (), **rest: Any
) -> dict[str, TensorRole]:
    """Return the roles of a graph's initializers by name."""
    tensors = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in dims.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    model = helper.make_model(helper.make_graph(nodes, "g", [], ends, tensors), **rest)
    roles = find_roles(model)
    return {name: roles["graph", "initializer", i] for i, name in enumerate(dims)}


def tolerance(nodes: list[onnx.NodeProto], *dims: int, **rest: Any) -> Tolerance:
    """Return what errors a tensor `c` stands."""
    return roles_of(nodes, {"c": dims}, **rest)["c"].tolerance


AFTER_CONV = node("Conv", "x w", "h")
THEN_LAYER = node("MatMul", "y v", "z")


@pytest.mark.parametrize(
    ("nodes", "dims", "expected"),
    [
        ([node("Conv", "x c")], (4, 3, 3, 3), WEIGHT),
        ([node("MatMul", "x c")], (8, 4), WEIGHT),
        ([node("LSTM", "x c r b")], (1, 16, 4), WEIGHT),
        ([node("Einsum", "x c", equation="bi,ij->bj")], (8, 4), WEIGHT),
        ([node("Conv", "x w c")], (4,), ADDITIVE),
        ([AFTER_CONV, node("Add", "h c")], (4, 1, 1), ADDITIVE),
        ([AFTER_CONV, node("Reshape", "h s", "r"), node("Sub", "r c")], (4,), ADDITIVE),
        # Divisors, factors, variances, slopes
        ([node("BatchNormalization", "x c b m v")], (4,), SCALING),
        ([node("BatchNormalization", "x s b m c")], (4,), SCALING),
        ([node("BatchNormalization", "x s b c v")], (4,), ADDITIVE),
        ([node("LayerNormalization", "x c b")], (4,), SCALING),
        ([node("InstanceNormalization", "x c b")], (4,), SCALING),
        ([node("GroupNormalization", "x c b")], (4,), SCALING),
        ([node("RMSNormalization", "x c")], (4,), SCALING),
        ([AFTER_CONV, node("PRelu", "h c")], (4, 1, 1), SCALING),
        ([AFTER_CONV, node("Relu", "h", "r"), node("Div", "r c")], (4, 1, 1), SCALING),
        ([AFTER_CONV, node("Mul", "c h")], (4, 5), SCALING),
        ([node("DequantizeLinear", "q c z")], (4,), EXACT),
        # A sum of one term is a product.
        ([node("Conv", "x c", group=4)], (4, 1, 1, 1), SCALING),
        ([node("MatMul", "x c")], (1, 4), SCALING),
        ([AFTER_CONV, node("Einsum", "h c", equation="bij,j->bij")], (4,), EXACT),
        ([AFTER_CONV, node("Einsum", "h c", equation="bij,ij->bij")], (4, 5), SCALING),
        # What standardizes the model's inputs cancels much of them.
        ([node("Sub", "x c", "d"), node("MatMul", "d w")], (8,), EXACT),
        ([node("Div", "x c", "d"), node("MatMul", "d w")], (8,), EXACT),
        # Tables of rows
        ([node("Gather", "c i", "y"), THEN_LAYER], (9, 4), WEIGHT),
        ([node("Gather", "c i", "e"), node("Add", "e p"), THEN_LAYER], (9, 4), WEIGHT),
        ([node("Gather", "c i", "e"), node("LayerNormalization", "e s b")], (9, 4), WEIGHT),
        ([node("Gather", "c i")], (9, 4), EXACT),
        ([node("Gather", "c i", "y"), node("Equal", "y t", "z")], (9, 4), EXACT),
        ([node("Gather", "c i", "y"), node("Cast", "y", "z", to=TensorProto.INT64)], (9, 4), EXACT),
        # Positions are added between layers, grids and boxes last of all.
        ([node("MatMul", "x w", "h"), node("Add", "h c"), THEN_LAYER], (6, 4), ADDITIVE),
        ([node("MatMul", "x w", "h"), node("Add", "h c")], (6, 4), EXACT),
        ([node("MatMul", "x w", "h"), node("Sigmoid", "h", "s"), node("Add", "s c")], (6,), EXACT),
        ([node("MatMul", "x w", "h"), node("Concat", "c h", axis=1), THEN_LAYER], (1, 1, 4), ADDITIVE),
        # Frequencies of a sine
        ([node("MatMul", "c x"), node("Sin", "y", "z")], (4, 1), EXACT),
        ([AFTER_CONV, node("Mul", "h c"), node("Cos", "y", "z")], (4,), EXACT),
        # Indices and angles computed of the inputs; what a network puts out is compared
        ([node("MatMul", "x c"), node("Sin", "y", "z")], (3, 64), EXACT),
        ([node("Gemm", "x w c"), node("Floor", "y", "z")], (64,), EXACT),
        ([node("MatMul", "x w", "h"), node("Add", "h c"), node("Round", "y", "z")], (64,), EXACT),
        ([node("Conv", "x c"), node("Cast", "y", "i", to=7), node("Gather", "t i", "z")], (1, 1, 12), EXACT),
        ([node("BatchNormalization", "x s b m c"), node("Floor", "y", "z")], (64,), EXACT),
        ([node("QuantizeLinear", "x c"), node("Gather", "t y", "z")], (4,), EXACT),
        ([AFTER_CONV, node("MatMul", "h c"), node("Sin", "y", "z")], (3, 64), WEIGHT),
        ([node("MatMul", "x c"), node("ArgMax", "y", "z")], (3, 64), WEIGHT),
        ([node("MatMul", "x c"), node("Cast", "y", "z", to=TensorProto.FLOAT8E4M3FN)], (3, 64), WEIGHT),
        ([node("MatMul", "x c"), node("Cast", "y", "z", to=TensorProto.STRING)], (3, 64), EXACT),
        ([node("MatMul", "x c"), node("Greater", "y t", "z")], (3, 64), WEIGHT),
        ([node("MatMul", "x c"), node("MatMul", "y w", "z"), node("Round", "z", "r")], (3, 64), WEIGHT),
        # Numbers that are no weights
        ([AFTER_CONV, node("Equal", "h c")], (4,), EXACT),
        ([AFTER_CONV, node("GreaterOrEqual", "c h")], (4,), EXACT),
        ([AFTER_CONV, node("Where", "m c h")], (4,), EXACT),
        ([node("GridSample", "x c")], (1, 4, 4, 2), EXACT),
        ([node("Resize", "x _ c")], (16,), EXACT),
        ([node("Upsample", "x c")], (16,), EXACT),
        ([node("NonMaxSuppression", "b c")], (1, 1, 16), EXACT),
        ([node("Pow", "x c")], (16,), EXACT),
        ([node("Cast", "c", "i", to=TensorProto.INT64), node("Gather", "t i")], (16,), EXACT),
        ([node("Range", "a c d")], (), EXACT),
        ([node("RoiAlign", "x c i")], (4, 4), EXACT),
        # Names of other domains are other operators.
        ([node("Conv", "x c", domain="my.own")], (4, 3, 3, 3), EXACT),
        ([node("FusedMatMul", "x c")], (8, 4), EXACT),
        ([node("FusedMatMul", "x c", domain="com.microsoft")], (8, 4), WEIGHT),
        ([node("MatMul", "x c", domain="ai.onnx")], (8, 4), WEIGHT),
        ([node("TopSecret", "x c")], (8, 4), EXACT),
    ],
)  # fmt: skip
def test_tolerance(nodes: list[onnx.NodeProto], dims: tuple[int, ...], expected: Tolerance) -> None:
    assert tolerance(nodes, *dims) is expected


@pytest.mark.parametrize(
    "moving",
    [
        [node("Identity", "c", "d")],
        [node("Cast", "c", "d", to=TensorProto.FLOAT16)],
        [node("Transpose", "c", "d")],
        [node("Reshape", "c s", "d")],
        [node("Unsqueeze", "c a", "e"), node("Squeeze", "e a", "d")],
        [node("Slice", "c a b", "d")],
        [node("Split", "c", "d")],
        [node("Concat", "c c", "d", axis=0)],
        [node("Concat", "c other", "d", axis=0)],
    ],
)
def test_uses_are_seen_through_what_moves_constants(moving: list[onnx.NodeProto]) -> None:
    assert tolerance([*moving, node("MatMul", "x d")], 8, 4) is (
        WEIGHT if "other" not in moving[0].input else EXACT
    )
    assert tolerance([*moving, node("Less", "x d")], 8, 4) is EXACT


def test_the_strictest_use_counts() -> None:
    product, divisor, comparison = node("MatMul", "x c", "h"), node("Div", "h c"), node("Equal", "x c", "z")
    assert tolerance([product], 4, 4) is WEIGHT
    assert tolerance([product, divisor], 4, 4) is SCALING
    assert tolerance([comparison, product, divisor], 4, 4) is EXACT
    assert tolerance([product], 4, 4, outputs=("c",)) is EXACT
    assert tolerance([product, node("Transpose", "c", "t")], 4, 4, outputs=("t",)) is EXACT


def test_reasons_say_what_is_known() -> None:
    def reason(*nodes: onnx.NodeProto) -> str:
        return roles_of(list(nodes), {"c": (4, 4)})["c"].reason

    assert reason() == UNUSED
    assert reason(node("Secret", "x c")) == UNKNOWN_USE
    assert "compared" in reason(node("Less", "x c"))
    assert "no layer" in reason(node("Mul", "x c"))
    assert reason(node("MatMul", "x c")) == ""


def body(nodes: list[onnx.NodeProto], output: str = "inner") -> onnx.GraphProto:
    return helper.make_graph(
        nodes, "body", [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    )


def test_bodies_read_names_around_them() -> None:
    weights = body([node("MatMul", "x c", "inner")])
    data = body([node("Greater", "x c", "inner")])
    both = node("If", "cond", then_branch=weights, else_branch=weights)
    assert tolerance([both], 4, 4) is WEIGHT
    assert tolerance([node("If", "cond", then_branch=weights, else_branch=data)], 4, 4) is EXACT
    assert tolerance([node("Loop", "n cond", body=weights)], 4, 4) is WEIGHT
    assert tolerance([node("If", "cond", then_branch=body([], "c"), else_branch=weights)], 4, 4) is EXACT
    assert tolerance([node("Scan", "c", body=weights)], 4, 4) is EXACT


def test_what_a_branch_puts_out_goes_where_its_node_s_output_goes() -> None:
    looked_up = body([node("Gather", "c i", "inner")])
    branching = node("If", "cond", then_branch=looked_up, else_branch=looked_up)
    assert tolerance([branching, THEN_LAYER], 9, 4) is WEIGHT
    assert tolerance([branching], 9, 4) is EXACT


def test_functions_are_looked_into() -> None:
    opset = [helper.make_opsetid("", 17)]
    function = helper.make_function("own", "F", ["a", "b"], ["o"], [node("MatMul", "a b", "o")], opset)
    moving = helper.make_function("own", "T", ["a"], ["o"], [node("Transpose", "a", "o")], opset)
    looking = helper.make_function("own", "G", ["a", "b"], ["o"], [node("Gather", "a b", "o")], opset)
    functions = {"functions": [function, moving, looking]}
    call = node("F", "x c", domain="own")
    assert tolerance([call], 4, 4, **functions) is WEIGHT
    assert tolerance([node("T", "c", "t", domain="own"), node("MatMul", "x t")], 4, 4, **functions) is WEIGHT
    assert tolerance([node("T", "c", "t", domain="own"), node("Less", "x t")], 4, 4, **functions) is EXACT
    assert tolerance([node("F", "x c")], 4, 4, **functions) is EXACT
    rows = node("G", "c i", domain="own")
    assert tolerance([rows, THEN_LAYER], 4, 4, **functions) is WEIGHT
    assert tolerance([rows, node("Floor", "y", "z")], 4, 4, **functions) is EXACT
    # Scores after a function are the output of a layer.
    assert tolerance([node("F", "x w", "h", domain="own"), node("Add", "h c")], 4, **functions) is ADDITIVE


def test_what_does_not_run_is_exact() -> None:
    opset = [helper.make_opsetid("", 17)]
    constant = helper.make_node(
        "Constant", [], ["k"], value=numpy_helper.from_array(np.ones((4, 4), np.float32))
    )
    unused = helper.make_function("own", "U", ["a"], ["o"], [constant, node("MatMul", "a k", "o")], opset)
    model = helper.make_model(helper.make_graph([], "g", [], []), functions=[unused])
    own = numpy_helper.from_array(np.ones(4), "own")
    algorithm = helper.make_graph([node("MatMul", "x own")], "a", [], [], [own])
    model.training_info.add().algorithm.CopyFrom(algorithm)
    assert {role.tolerance for role in find_roles(model).values()} == {EXACT}


def test_training_does_not_make_weights_exact() -> None:
    model = helper.make_model(
        helper.make_graph(
            [node("MatMul", "x c")], "g", [], [], [numpy_helper.from_array(np.ones((4, 4)), "c")]
        )
    )
    model.training_info.add().algorithm.CopyFrom(helper.make_graph([node("Sub", "c g")], "a", [], []))
    assert find_roles(model)["graph", "initializer", 0].tolerance is WEIGHT


@pytest.mark.parametrize(
    ("domain", "op", "attribute"),
    [
        ("ai.onnx.ml", "TreeEnsemble", "nodes_splits"),
        ("ai.onnx.ml", "LabelEncoder", "keys_tensor"),
        ("", "ConstantOfShape", "value"),
        ("my.own", "Secret", "weights"),
    ],
)
def test_tensors_in_attributes_are_exact(domain: str, op: str, attribute: str) -> None:
    values = numpy_helper.from_array(np.ones(16, np.float32))
    made = helper.make_node(op, ["x"], ["y"], domain=domain, **{attribute: values})
    (role,) = find_roles(helper.make_model(helper.make_graph([made], "g", [], []))).values()
    assert role.tolerance is EXACT


def test_what_is_added_to_a_channel_knows_its_size() -> None:
    roles = roles_of(
        [node("BatchNormalization", "x s b m v", epsilon=0.25)], dict.fromkeys(["s", "b", "m", "v"], (4,))
    )
    mean, shift = roles["m"].scale, roles["b"].scale
    assert mean is not None
    assert shift is not None
    assert (mean.path, mean.is_variance, mean.floor) == (("graph", "initializer", 3), True, 0.25)
    assert (shift.path, shift.is_variance) == (("graph", "initializer", 0), False)
    assert roles["s"].scale is None


def test_nodes_in_any_order() -> None:
    nodes = [THEN_LAYER, node("Add", "e p"), node("Gather", "t i", "e"), node("Transpose", "c", "t")]
    assert tolerance(nodes, 9, 4) is WEIGHT


def test_equal_uses_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def counted(*arguments: Any) -> Any:
        looked_at.append(arguments)
        return uses.classify(*arguments)

    monkeypatch.setattr(find, "classify", counted)
    nodes = [node("MatMul", f"x{n} w{n}", f"x{n + 1}") for n in range(50)]
    roles = list(roles_of(nodes, {f"w{n}": (4, 4 + n % 2) for n in range(50)}).values())
    assert len(looked_at) == 4  # two shapes; nothing is before the first, nothing after the last
    assert [role.node for role in roles] == [("graph", "node", n) for n in range(50)]
    assert [role.view.rows for role in roles] == [4, 5] * 25

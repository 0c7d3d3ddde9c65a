"""Branches that all samples take become part of the main graph; the rest of the network stays what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from nntc.encoder.calibration import calibrate_network
from nntc.encoder.network import Network
from nntc.encoder.samples import Samples, load_samples
from nntc.onnx.roles import find_roles
from onnx import TensorProto, helper, numpy_helper

from tests.networks import model_of


def body(name: str, nodes: list[onnx.NodeProto], output: str, **constants: Any) -> onnx.GraphProto:
    return helper.make_graph(
        nodes,
        name,
        [],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )


def branching() -> onnx.ModelProto:
    """Return a network that multiplies by one of two matrices, as its second input says.

    In the branch for 1, whose names are those of the other one, a second choice is by the sum of the result.
    """
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(8, 8)).astype(np.float32) for _ in range(2))
    product = [helper.make_node("MatMul", ["x", "w"], ["h"])]
    doubled = body("doubled", [helper.make_node("Add", ["h", "h"], ["inner"])], "inner")
    shifted = body("shifted", [helper.make_node("Add", ["h", "outside"], ["inner"])], "inner")
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(second))
    nested = [
        constant,
        *product,
        helper.make_node("ReduceSum", ["h"], ["total"], keepdims=0),
        helper.make_node("Greater", ["total", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], ["r"], then_branch=doubled, else_branch=shifted),
    ]
    nodes = [
        helper.make_node("Greater", ["choice", "zero"], ["chosen"]),
        helper.make_node(
            "If",
            ["chosen"],
            ["y"],
            then_branch=body("then", nested, "r"),
            else_branch=body("else", product, "h", w=first),
        ),
        helper.make_node("Relu", ["y"], ["z"]),
    ]
    constants: dict[str, Any] = {"zero": np.float32(0), "outside": np.full((1, 8), 3, np.float32)}
    return model_of(nodes, constants, {"x": (1, 8), "choice": ()}, {"z": (1, 8)})


def inputs(network: Network, choices: list[float], seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    batches = [{"x": rng.normal(size=(1, 8)), "choice": np.float32(choice)} for choice in choices]
    return load_samples(batches, network.inputs)


@pytest.mark.parametrize(
    ("choices", "left"), [([0, 0, 0], 0), ([1, 1, 1, 1, 1, 1], 1), ([1], 0), ([0, 1], 1)]
)
def test_outputs_stay_the_same(choices: list[float], left: int) -> None:
    network = Network(branching().SerializeToString())
    samples = inputs(network, choices)
    before = list(network.session().run_all(samples))
    decided = network.with_branches(samples)
    assert [node.proto.op_type for node in decided.nodes].count("If") == left
    assert "If" in [node.proto.op_type for node in network.nodes]
    after = decided.session().run_all(samples)
    assert all(np.allclose(a[0], b[0], atol=1e-5) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("choice", [0, 1])
def test_weights_in_a_branch_have_statistics_and_sensitivities(choice: float) -> None:
    model = branching()
    data = model.SerializeToString()
    samples = inputs(Network(data), [choice] * 5)
    calibration = calibrate_network(Network(data), samples)
    (path,) = calibration.statistics.tensors
    assert path in find_roles(model)
    assert path[:4] == ("graph", "node", 1, "attribute")
    x = np.concatenate([batch["x"] for batch in samples])
    assert np.allclose(calibration.statistics.tensors[path].moment[0], x.T @ x / 5, rtol=1e-4)
    assert calibration.sensitivities.tensors[path].divergence > 0


def test_a_choice_that_differs_leaves_its_weights_alone() -> None:
    data = branching().SerializeToString()
    calibration = calibrate_network(Network(data), inputs(Network(data), [0, 1]))
    assert not calibration.statistics.tensors

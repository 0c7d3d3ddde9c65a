"""Parts of networks run on their own, with other weights, whatever the number of threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.encoder.network.network import Network
from nntc.errors import ModelError
from onnx import helper, numpy_helper

from tests.networks import classifier, model_of


def images(count: int = 3) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [{"image": rng.normal(size=(1, 3, 12, 12)).astype(np.float32)} for _ in range(count)]


def test_intermediate_tensors_are_those_of_the_network() -> None:
    network = Network(classifier().SerializeToString())
    batch = images()[0]
    relu, scores = network.session(["bn1.relu", "scores"]).run(batch)
    assert relu.shape == (1, 32, 12, 12)
    assert np.allclose(scores, network.session().run(batch)[0], atol=1e-6)
    later = network.session(["scores"], given={"bn1.relu": relu})
    assert later.inputs == ["bn1.relu"]
    assert np.allclose(later.run({"bn1.relu": relu})[0], scores, atol=1e-6)


def test_replaced_constants_are_as_if_the_model_held_them() -> None:
    model = classifier()
    network = Network(model.SerializeToString())
    new = {name: network.constants[name] * np.float32(1.5) for name in ("conv", "bn2.scale", "dense.bias")}
    assert min(value.nbytes for value in new.values()) < 256 < max(value.nbytes for value in new.values())
    found = network.session(replaced=new).run(images()[0])[0]
    for tensor in model.graph.initializer:
        if tensor.name in new:
            tensor.CopyFrom(numpy_helper.from_array(new[tensor.name], tensor.name))
    expected = Network(model.SerializeToString()).session().run(images()[0])[0]
    assert np.array_equal(found, expected)
    assert not np.allclose(found, network.session().run(images()[0])[0])
    with pytest.raises(ValueError, match="conv is float32"):
        network.session(replaced={"conv": new["conv"][:1]})


def test_constant_nodes_and_external_data(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32)
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(weights))
    product = helper.make_node("MatMul", ["x", "w"], ["h"])
    nodes = [constant, product, helper.make_node("Add", ["h", "b"], ["y"])]
    model = model_of(nodes, {"b": np.ones(16, np.float32)}, {"x": (1, 8)}, {"y": (1, 16)})
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="model.bin", size_threshold=0)
    network = Network(path)
    assert network.names == {
        ("graph", "initializer", 0): "b",
        ("graph", "node", 0, "attribute", 0, "t"): "w",
    }
    assert [node.path for node in network.nodes] == [("graph", "node", 1), ("graph", "node", 2)]
    x = np.ones((1, 8), np.float32)
    assert np.allclose(network.session().run({"x": x})[0], x @ weights + 1, atol=1e-5)
    (tmp_path / "model.bin").rename(tmp_path.parent / "elsewhere.bin")
    (tmp_path / "model.bin").symlink_to(tmp_path.parent / "elsewhere.bin")
    with pytest.raises(ModelError, match=r"E_EXTERNAL.* leads out"):
        Network(path)


def test_bodies_use_constants_of_the_graph_around_them() -> None:
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(operator, ["x", "w"], [name])],
            name,
            [],
            [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)],
        )
        for name, operator in (("then", "Mul"), ("else", "Add"))
    }
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], ["y"], **branches),
    ]
    constants = {"w": np.full(100, 3, np.float32), "zero": np.zeros((), np.float32)}
    network = Network(model_of(nodes, constants, {"x": (100,)}, {"y": (100,)}).SerializeToString())
    assert network.session().run({"x": np.full(100, 2, np.float32)})[0][0] == 6
    assert network.session().run({"x": np.full(100, -2, np.float32)})[0][0] == 1


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(ModelError, match="E_RUN: the model cannot be read"):
        Network(b"no model")
    unknown = model_of([helper.make_node("Unheard", ["x"], ["y"])], {}, {"x": (1,)}, {"y": (1,)})
    with pytest.raises(ModelError, match="E_RUN: onnxruntime cannot run the model"):
        Network(unknown.SerializeToString()).session()
    with pytest.raises(ModelError, match="E_RUN"):
        Network(classifier().SerializeToString()).session().run({"image": np.ones((1, 2), np.float32)})


def test_a_name_that_is_no_utf_8_is_an_error_in_one_line() -> None:
    layer = helper.make_node("MatMul", ["x", "wwww"], ["y"])
    model = model_of([layer], {"wwww": np.ones((16, 16), np.float32)}, {"x": (1, 16)}, {"y": (1, 16)})
    data = model.SerializeToString().replace(b"wwww", b"w\xe9\xe8w")
    with pytest.raises(ModelError, match=r"E_RUN: the model cannot be read: .*utf-8"):
        Network(data).session()

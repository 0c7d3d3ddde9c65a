"""Normalizations folded into the convolutions before them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from nntc.encoder.calibration.folding import fold_normalizations
from nntc.encoder.network.network import Network
from onnx import helper

from tests.networks import classifier

IMAGES = np.random.default_rng(1).normal(size=(4, 1, 3, 12, 12)).astype(np.float32)


def outputs(network: Network) -> Any:
    return np.stack([network.session().run({"image": image})[0] for image in IMAGES])


def folded(model: onnx.ModelProto, *, without: str = "") -> tuple[Network, dict[str, Any]]:
    """Return the folded network and the names of what was changed."""
    network = Network(model.SerializeToString())
    paths = [path for path, name in network.names.items() if name != without]
    folding = fold_normalizations(network, set(paths))
    assert set(folding.biases) <= set(folding.values)
    changed = network.changed(folding.values)
    return changed, {network.names[path]: value for path, value in folding.values.items()}


def test_outputs_stay_and_scales_go() -> None:
    model = classifier()
    network, changed = folded(model)
    expected = outputs(Network(model.SerializeToString()))
    np.testing.assert_allclose(outputs(network), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert {"stem", "conv", "point", "bn1.var", "bn2.mean", "bn3.scale"} <= set(changed)
    assert "depth" not in changed  # no normalization after it
    for part, value in (("scale", 1), ("mean", 0), ("var", 1)):
        np.testing.assert_allclose(changed[f"bn2.{part}"], value, atol=2e-5)
    for name, value in changed.items():
        assert value.dtype == np.float32
        assert value.shape == network.constants[name].shape


def test_the_network_itself_stays_as_it_is() -> None:
    network = Network(classifier().SerializeToString())
    before = {name: value.copy() for name, value in network.constants.items()}
    expected = outputs(network)
    network.changed(fold_normalizations(network, set(network.names)).values)
    assert all(np.array_equal(before[name], value) for name, value in network.constants.items())
    np.testing.assert_array_equal(outputs(network), expected)


def test_a_bias_of_the_convolution_goes_too() -> None:
    model = classifier()
    node = next(node for node in model.graph.node if "conv" in node.input)
    bias = np.random.default_rng(2).normal(size=32).astype(np.float32)
    node.input.append("conv.bias")
    model.graph.initializer.append(onnx.numpy_helper.from_array(bias, "conv.bias"))
    network, changed = folded(model)
    assert not changed["conv.bias"].any()
    expected = outputs(Network(model.SerializeToString()))
    np.testing.assert_allclose(outputs(network), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_what_may_not_be_changed_stays_with_all_that_depends_on_it() -> None:
    _, changed = folded(classifier(), without="bn2.mean")
    assert "stem" in changed
    assert not {"conv", "bn2.scale", "bn2.bias", "bn2.mean", "bn2.var"} & set(changed)


def test_convolutions_that_something_else_reads_stay() -> None:
    model = classifier()
    model.graph.output.append(helper.make_tensor_value_info("conv.out", onnx.TensorProto.FLOAT, None))
    _, changed = folded(model)
    assert "stem" in changed
    assert "conv" not in changed


def test_constants_used_twice_stay() -> None:
    model = classifier()
    node = next(node for node in model.graph.node if "bn2.bias" in node.input)
    node.input[3] = "bn1.mean"
    _, changed = folded(model)
    assert not {"stem", "conv"} & set(changed)
    assert "point" in changed


def test_normalizations_in_training_stay() -> None:
    model = classifier()
    node = next(node for node in model.graph.node if "bn2.bias" in node.input)
    node.attribute.append(helper.make_attribute("training_mode", 1))
    network = Network(classifier().SerializeToString())
    network.nodes = [
        type(n)(n.path, node) if n.proto.output[0] == node.output[0] else n for n in network.nodes
    ]
    values = fold_normalizations(network, set(network.names)).values
    assert "conv" not in {network.names[path] for path in values}

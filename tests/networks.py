"""Small models that the tests of the encoder take apart."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
_OPSET = [helper.make_opsetid("", 17)]


def heavy(rng: np.random.Generator, *shape: int, scale: float = 0.05) -> NDArray[np.float32]:
    """Return weights with the tails that trained ones have, in rows of different size."""
    rows = np.exp(rng.normal(0, 0.4, (shape[0],) + (1,) * (len(shape) - 1)))
    return (scale * rows * rng.standard_t(4, shape)).astype(np.float32)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, Array | onnx.TensorProto],
    inputs: Mapping[str, Sequence[int | str]] | None = None,
    outputs: Mapping[str, Sequence[int | str]] | None = None,
) -> onnx.ModelProto:
    """Return a model; tensors of the graph are float."""
    initializers = [
        value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, name)
        for name, value in constants.items()
    ]
    float32 = TensorProto.FLOAT
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info(name, float32, shape) for name, shape in (inputs or {}).items()],
        [helper.make_tensor_value_info(name, float32, shape) for name, shape in (outputs or {}).items()],
        initializers,
    )
    return helper.make_model(graph, opset_imports=_OPSET, ir_version=8)


def holding(**constants: Array | onnx.TensorProto) -> onnx.ModelProto:
    """Return a model that only holds tensors, which nothing uses."""
    return model_of([], dict(constants))


def using(**constants: Array | onnx.TensorProto) -> onnx.ModelProto:
    """Return a model whose tensors are weights of products, vectors biases; nothing runs it."""
    nodes = []
    for name, value in constants.items():
        rank = len(value.dims) if isinstance(value, onnx.TensorProto) else value.ndim
        if rank > 1:
            axes = string.ascii_letters[:rank]
            equation = f"{axes},{axes}->"
            nodes.append(helper.make_node("Einsum", [name, "x"], [f"{name}@"], equation=equation))
        else:
            nodes.append(helper.make_node("BiasGelu", ["x", name], [f"{name}@"], domain="com.microsoft"))
    return model_of(nodes, dict(constants))


def decisive(width: int = 16) -> onnx.ModelProto:
    """Return a network whose answers to images of 1 x 3 x 12 x 12 differ much: no pooling, small biases."""
    rng = np.random.default_rng(0)
    constants: dict[str, Array | onnx.TensorProto] = {}
    nodes = []
    last, channels = "image", 3
    for name in ("first", "second"):
        constants[name] = heavy(rng, width, channels, 3, 3, scale=0.2)
        nodes.append(helper.make_node("Conv", [last, name], [f"{name}.out"], strides=[2, 2]))
        for part, values in (
            ("scale", rng.uniform(0.5, 1.5, width)),
            ("bias", rng.normal(0, 0.1, width)),
            ("mean", rng.normal(0, 0.1, width)),
            ("var", np.exp(rng.normal(0, 1, width))),
        ):
            constants[f"{name}.{part}"] = values.astype(np.float32)
        names = [f"{name}.{part}" for part in ("scale", "bias", "mean", "var")]
        nodes.append(helper.make_node("BatchNormalization", [f"{name}.out", *names], [f"{name}.normal"]))
        nodes.append(helper.make_node("Relu", [f"{name}.normal"], [f"{name}.relu"]))
        last, channels = f"{name}.relu", width
    constants["dense"] = heavy(rng, 4 * width, 100, scale=0.1)
    constants["dense.bias"] = rng.normal(0, 0.1, 100).astype(np.float32)
    nodes.append(helper.make_node("Flatten", [last], ["flat"]))
    nodes.append(helper.make_node("Gemm", ["flat", "dense", "dense.bias"], ["scores"]))
    return model_of(nodes, constants, {"image": (1, 3, 12, 12)}, {"scores": (1, 100)})


def classifier(seed: int = 0, width: int = 32) -> onnx.ModelProto:
    """Return a network of convolutions, normalizations and a dense layer, for images of 1 x 3 x 12 x 12."""
    rng = np.random.default_rng(seed)
    constants: dict[str, Array | onnx.TensorProto] = {}
    nodes = []

    def normalized(name: str, source: str, channels: int) -> str:
        constants[f"{name}.scale"] = rng.uniform(0.5, 1.5, channels).astype(np.float32)
        constants[f"{name}.bias"] = rng.normal(0, 0.3, channels).astype(np.float32)
        constants[f"{name}.mean"] = rng.normal(0, 0.5, channels).astype(np.float32)
        constants[f"{name}.var"] = np.exp(rng.normal(0, 1, channels)).astype(np.float32)
        names = [f"{name}.{part}" for part in ("scale", "bias", "mean", "var")]
        nodes.append(helper.make_node("BatchNormalization", [source, *names], [f"{name}.out"]))
        nodes.append(helper.make_node("Relu", [f"{name}.out"], [f"{name}.relu"]))
        return f"{name}.relu"

    constants["stem"] = heavy(rng, width, 3, 3, 3, scale=0.2)
    nodes.append(helper.make_node("Conv", ["image", "stem"], ["stem.out"], pads=[1, 1, 1, 1]))
    last = normalized("bn1", "stem.out", width)
    constants["conv"] = heavy(rng, width, width, 3, 3)
    nodes.append(helper.make_node("Conv", [last, "conv"], ["conv.out"], pads=[1, 1, 1, 1]))
    last = normalized("bn2", "conv.out", width)
    constants["point"] = heavy(rng, 2 * width, width, 1, 1)
    nodes.append(helper.make_node("Conv", [last, "point"], ["point.out"]))
    last = normalized("bn3", "point.out", 2 * width)
    constants["depth"] = heavy(rng, 2 * width, 1, 3, 3)
    nodes.append(helper.make_node("Conv", [last, "depth"], ["depth.out"], group=2 * width))
    nodes.append(helper.make_node("GlobalAveragePool", ["depth.out"], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    constants["dense"] = heavy(rng, 2 * width, 100)
    constants["dense.bias"] = rng.normal(0, 0.1, 100).astype(np.float32)
    nodes.append(helper.make_node("Gemm", ["flat", "dense", "dense.bias"], ["scores"]))
    return model_of(nodes, constants, {"image": (1, 3, 12, 12)}, {"scores": (1, 100)})

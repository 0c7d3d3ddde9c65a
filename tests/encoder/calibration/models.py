"""Models of a layer or two, and samples for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Samples, load_samples
from nntc.onnx.tensor import Path
from numpy.typing import NDArray
from onnx import helper

from tests.networks import model_of

Array = NDArray[Any]


W: Path = ("graph", "initializer", 0)


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype(np.float32)


def layer(
    operator: str, w: Array, x: tuple[int, ...], *, left: bool = False, **chosen: Any
) -> onnx.ModelProto:
    """Return a model of one operator, its weights the first initializer."""
    names = ["w", "x"] if left else ["x", "w"]
    transposed = chosen.pop("permuted", None)
    nodes = []
    if transposed is not None:
        nodes.append(helper.make_node("Transpose", ["w"], ["seen"], perm=transposed))
        names[names.index("w")] = "seen"
    nodes.append(helper.make_node(operator, names, ["y"], **chosen))
    return model_of(nodes, {"w": w}, {"x": x}, {"y": ()})


def untyped(model: onnx.ModelProto) -> Network:
    for output in model.graph.output:
        output.ClearField("type")
    return Network(model.SerializeToString())


def samples_for(network: Network, count: int = 3) -> Samples:
    return load_samples(
        [
            {
                entry.name: normal(*(size or 1 for size in entry.shape or ()), seed=seed + 1)
                for entry in network.inputs
            }
            for seed in range(count)
        ],
        network.inputs,
    )


def two_layers(scale: float = 1.0, size: int = 12) -> Network:
    """Return two products, the second after a rectifier."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["y"]),
    ]
    constants = {"w": normal(8, size) * np.float32(scale), "v": normal(size, 6, seed=1)}
    return untyped(model_of(nodes, dict(constants), {"x": (2, 8)}, {"y": ()}))


V: Path = ("graph", "initializer", 1)

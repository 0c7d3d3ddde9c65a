"""Small float models that integers are made of, and inputs for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests import networks

Array = NDArray[Any]
node = helper.make_node


def pictures(count: int = 32, seed: int = 3) -> list[dict[str, Array]]:
    """Return inputs for `networks.decisive`, with convolutions: coarse pictures."""
    coarse = np.random.default_rng(seed).normal(0, 3, (count, 1, 3, 4, 4))
    return [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]


def rows(count: int = 32, seed: int = 5) -> list[dict[str, Array]]:
    """Return inputs for `products`."""
    values = 2 * np.random.default_rng(seed).standard_normal((count, 1, 64))
    return [{"x": row.astype(np.float32)} for row in values]


def products() -> onnx.ModelProto:
    """Return a block as transformers have them, matrix products with a way around them, and a classifier."""
    rng = np.random.default_rng(0)
    constants = {
        "up": networks.heavy(rng, 64, 256),
        "bias": networks.heavy(rng, 256),
        "down": networks.heavy(rng, 256, 64),
        "head": networks.heavy(rng, 64, 40, scale=0.3),
    }
    nodes = [
        node("MatMul", ["x", "up"], ["a"]),
        node("Add", ["a", "bias"], ["b"]),
        node("Relu", ["b"], ["c"]),
        node("MatMul", ["c", "down"], ["d"]),
        node("Add", ["d", "x"], ["e"]),
        node("MatMul", ["e", "head"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 64))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 40))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

"""Small models whose constants are tried, with samples: what tests of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

node, value = helper.make_node, helper.make_tensor_value_info
Array = NDArray[Any]
Case = tuple[onnx.ModelProto, list[dict[str, Array]]]
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("own", 1)]


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def weights(*shape: int, seed: int = 1) -> NDArray[np.float32]:
    fan = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
    values = np.random.default_rng(seed).standard_normal(shape) / np.sqrt(fan)
    return np.asarray(values, np.float32)


def case(
    nodes: Sequence[onnx.NodeProto],
    x: Array,
    functions: Sequence[onnx.FunctionProto] = (),
    **constants: Array | onnx.TensorProto,
) -> Case:
    """Return a model from x to y, with each row of `x` as a sample."""
    dims = ["n", *x.shape[1:]]
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    initializers = [
        c if isinstance(c, onnx.TensorProto) else numpy_helper.from_array(c, name)
        for name, c in constants.items()
    ]
    graph = helper.make_graph(
        nodes, "g", [value("x", kind, dims)], [onnx.ValueInfoProto(name="y")], initializers
    )
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10, functions=functions)
    return model, [{"x": row[None]} for row in x]

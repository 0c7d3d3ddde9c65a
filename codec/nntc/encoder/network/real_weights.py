"""Quantized models with real weights: samples then tell of a layer what they tell of any other.

A constant of integers that nothing but DequantizeLinear reads becomes one of floating-point numbers, and the
node passes it on. Tensors and nodes keep their places in the model, and activations are quantized as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from nntc.encoder.network.values import ExternalData
from nntc.encoder.split.content import Content
from nntc.onnx.integers import affine_of, find_integer_uses
from nntc.onnx.operators import is_operator
from nntc.onnx.tensor import Path, message_at


def with_real_weights(
    model: onnx.ModelProto, external: Mapping[str, Content | bytes] | None = None
) -> onnx.ModelProto:
    """Return a model whose weights are real; the same where it has no others.

    Parameters
    ----------
    model
        The model, which stays as it is.
    external
        Content of the files of external data by name.
    """
    files = ExternalData(external or {})
    found = {
        path: uses
        for path, uses in find_integer_uses(model).items()
        if all(is_operator(use.node, "DequantizeLinear") for use in uses)
    }
    if not found:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)

    def value_of(path: Path) -> NDArray[Any]:
        return files.array(message_at(model, path))

    real = set()
    for path, uses in found.items():
        index = path[-1]
        if not isinstance(index, int):
            continue
        integers, kinds = value_of(path), {value_of(use.scale).dtype for use in uses if use.scale is not None}
        affine = affine_of(uses, integers.shape, value_of)
        if affine is None or len(kinds) != 1:
            continue
        values = ((integers.astype(np.int64) - affine.zero) * affine.scale).astype(kinds.pop())
        tensor = changed.graph.initializer[index]
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        real.add(tensor.name)
    for node in changed.graph.node:
        if is_operator(node, "DequantizeLinear") and node.input[0] in real:
            del node.input[1:], node.attribute[:]
            node.op_type = "Identity"
    return changed

"""Quantized models with real weights: samples then tell of a layer what they tell of any other.

A constant of integers that nothing but DequantizeLinear reads becomes one of floating-point numbers, and the
node passes it on; products and tables of 4-bit blocks become those of floating-point numbers. Tensors and
nodes keep their places in the model, and activations are quantized as before.
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
from nntc.onnx.integers import IntegerUse, ValueOf, affine_of, find_integer_uses
from nntc.onnx.nibbles import FOUR_BITS, nibbles_of, packed, plain_integers
from nntc.onnx.operators import CONTRIB, is_operator
from nntc.onnx.tensor import Path, message_at

_BIAS = 5


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
        if all(is_operator(use.node, "DequantizeLinear") or is_packed(use.node) for use in uses)
    }
    if not found:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)

    def value_of(path: Path) -> NDArray[Any]:
        tensor = message_at(model, path)
        return plain_integers(files.array(tensor), tensor.data_type)

    real = set()
    for path, uses in found.items():
        index = path[-1]
        if not isinstance(index, int):
            continue
        tensor = changed.graph.initializer[index]
        kinds = {value_of(use.scale).dtype for use in uses if use.scale is not None}
        found_values = _values(tensor, files, uses, value_of)
        if found_values is None or len(kinds) != 1:
            continue
        kind = kinds.pop()
        if any(is_packed(use.node) for use in uses) and kind != np.float32:
            continue  # what stands for these operators runs in float32 alone
        values = found_values.astype(kind)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        real.add(tensor.name)
    for node in changed.graph.node:
        if is_operator(node, "DequantizeLinear") and node.input[0] in real:
            del node.input[1:], node.attribute[:]
            node.op_type = "Identity"
        elif is_operator(node, "MatMulNBits", domain=CONTRIB) and node.input[1] in real:
            del node.input[2:], node.attribute[:]
            node.op_type = "FusedMatMul"
            node.attribute.append(onnx.helper.make_attribute("transB", 1))
        elif is_operator(node, "GatherBlockQuantized", domain=CONTRIB) and node.input[0] in real:
            del node.input[2:], node.attribute[:]
            node.op_type, node.domain = "Gather", ""
    return changed


def is_packed(node: onnx.NodeProto) -> bool:
    """Return whether a node has weights in blocks of 4 bits, and can become one of floating-point numbers."""
    if is_operator(node, "GatherBlockQuantized", domain=CONTRIB):
        return True
    has_bias = len(node.input) > _BIAS and node.input[_BIAS] != ""
    return is_operator(node, "MatMulNBits", domain=CONTRIB) and not has_bias


def _values(
    tensor: onnx.TensorProto, files: ExternalData, uses: list[IntegerUse], value_of: ValueOf
) -> NDArray[np.float64] | None:
    """Return the numbers that a constant of integers stands for."""
    integers = plain_integers(files.array(tensor), tensor.data_type)
    nibbles = nibbles_of(uses, tensor.data_type, integers.shape, value_of)
    if nibbles is not None:
        stored = integers.ravel().view(np.uint8)
        return nibbles.values(packed(stored & np.uint8(15)) if tensor.data_type in FOUR_BITS else stored)
    affine = affine_of(uses, integers.shape, value_of)
    return None if affine is None else (integers.astype(np.int64) - affine.zero) * affine.scale

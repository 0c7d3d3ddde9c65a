"""Float tensors of an ONNX model, wherever they are held, and the distortion between two sets of them.

Depends on numpy and onnx alone: the peers' environments import it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

FLOAT_TYPES = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
MIN_CONSTANT_SIZE = 16
"""Smaller Constant nodes are arguments of operators (axes, scales), not weights."""


def float_tensors(
    model: onnx.ModelProto, types: tuple[int, ...] = (onnx.TensorProto.FLOAT,)
) -> list[tuple[str, onnx.TensorProto]]:
    """List initializers and Constant nodes of the given element types, subgraphs included.

    Args:
        model: a model whose external data, if any, has been loaded.
        types: `TensorProto` element types to keep.

    Returns:
        Pairs of a unique name and the tensor itself (not a copy), in file order.

    """
    found: dict[str, onnx.TensorProto] = {}
    for name, tensor, smallest in _tensors(model.graph, ""):
        if tensor.data_type in types and math.prod(tensor.dims) >= smallest:
            found[name if name not in found else f"{name}#{len(found)}"] = tensor
    return list(found.items())


def _tensors(graph: onnx.GraphProto, prefix: str) -> Iterator[tuple[str, onnx.TensorProto, int]]:
    for tensor in graph.initializer:
        yield prefix + tensor.name, tensor, 1
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.type == onnx.AttributeProto.TENSOR:
                yield f"{prefix}constant:{node.output[0]}", attribute.t, MIN_CONSTANT_SIZE
            subgraphs = [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else attribute.graphs
            for index, subgraph in enumerate(subgraphs):
                yield from _tensors(subgraph, f"{prefix}{node.name}/{attribute.name}{index}/")


def arrays(
    model: onnx.ModelProto, types: tuple[int, ...] = (onnx.TensorProto.FLOAT,)
) -> dict[str, FloatArray]:
    """Return the tensors that `float_tensors` lists, by unique name."""
    return {name: onnx.numpy_helper.to_array(tensor) for name, tensor in float_tensors(model, types)}


def replace_arrays(model: onnx.ModelProto, values: Mapping[str, FloatArray]) -> onnx.ModelProto:
    """Return a copy of a model with the named float32 tensors (see `float_tensors`) replaced."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for name, tensor in float_tensors(copy):
        value = np.asarray(values[name], np.float32).reshape(tuple(tensor.dims))
        tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    return copy


def weight_snr(original: Mapping[str, FloatArray], decoded: Mapping[str, FloatArray]) -> float | None:
    """Return the signal-to-noise ratio of the weights in dB, pooled over all weight tensors.

    Weight tensors have two dimensions or more and at least 16 elements. Signal: squared deviation from each
    tensor's own mean; noise: squared error; both summed over all tensors. None where nothing differs.
    """
    signal = noise = 0.0
    for name, values in original.items():
        if values.ndim < 2 or values.size < 16:
            continue
        exact = values.astype(np.float64)
        signal += float(np.square(exact - exact.mean()).sum())
        noise += float(np.square(exact - decoded[name].astype(np.float64)).sum())
    return 10 * math.log10(signal / noise) if noise > 0 else None

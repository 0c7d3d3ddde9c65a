"""4-bit integers in blocks: weights of convolutions and products behind DequantizeLinear.

Each block of 32 input channels of an output has a float32 scale; integers are symmetric, -8..7, and the
largest weight of a block is -8, as in onnxruntime's MatMulNBits. Weights of fewer input channels, as
depthwise ones, have a scale for each output. Activations stay as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, version_converter

BLOCK = 32
_OPSET, _IR = 21, 10
_LEAST = 1024  # weights of a tensor
_AXES = {"Conv": 1, "Gemm": 1, "MatMul": 0}
"""The axis of inputs, by operator."""


def quantize(model: Path, target: Path) -> None:
    """Write a model whose convolutions and products have 4-bit weights.

    Args:
        model: float ONNX file.
        target: the file to write.

    """
    made = version_converter.convert_version(onnx.load(model), _OPSET)
    made.ir_version = max(made.ir_version, _IR)
    weights = {tensor.name: tensor for tensor in made.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    done: dict[str, str] = {}
    for node in made.graph.node:
        name = node.input[1] if node.op_type in _AXES else ""
        tensor = weights.get(name)
        if tensor is not None and np.prod(tensor.dims) >= _LEAST:
            if name not in done:
                axis = _AXES[node.op_type]
                if node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute):
                    axis = 0
                nodes.append(_dequantized(made.graph, tensor, axis))
                done[name] = nodes[-1].output[0]
            node.input[1] = done[name]
        nodes.append(node)
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    for value in [value for value in made.graph.input if value.name in done]:
        made.graph.input.remove(value)
    onnx.save(made, target)


def _dequantized(graph: onnx.GraphProto, tensor: onnx.TensorProto, axis: int) -> onnx.NodeProto:
    """Make a tensor one of 4 bits; return the node that makes numbers of it again."""
    values = numpy_helper.to_array(tensor)
    if values.shape[axis] < BLOCK:
        scales = _scales(values, tuple(i for i in range(values.ndim) if i != 0))
        stored, spread, blocks = scales.ravel(), scales, {"axis": 0}
    else:
        starts = range(0, values.shape[axis], BLOCK)
        parts = [values.take(range(s, min(s + BLOCK, values.shape[axis])), axis) for s in starts]
        stored = np.concatenate([_scales(part, (axis,)) for part in parts], axis)
        spread = np.repeat(stored, BLOCK, axis).take(range(values.shape[axis]), axis)
        blocks = {"axis": axis, "block_size": BLOCK}
    integers = np.clip(np.rint(values / spread), -8, 7).astype(np.int8)
    name = tensor.name
    tensor.CopyFrom(_packed(name, integers))
    graph.initializer.append(numpy_helper.from_array(stored.astype(np.float32), f"{name}_scales"))
    node = helper.make_node("DequantizeLinear", [name, f"{name}_scales"], [f"{name}_values"])
    node.attribute.extend(helper.make_attribute(key, value) for key, value in blocks.items())
    return node


def _scales(values: NDArray[Any], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Return what 1 is, so that the largest weight is -8."""
    low, high = values.min(axes, keepdims=True), values.max(axes, keepdims=True)
    scales = np.where(-low > high, low, high) / -8
    return np.where(scales != 0, scales, 1).astype(np.float32)


def _packed(name: str, integers: NDArray[np.int8]) -> onnx.TensorProto:
    nibbles = integers.ravel().view(np.uint8) & 15
    nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
    data = (nibbles[::2] | nibbles[1::2] << 4).tobytes()
    return TensorProto(name=name, data_type=TensorProto.INT4, dims=integers.shape, raw_data=data)

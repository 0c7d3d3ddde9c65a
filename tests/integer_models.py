"""Small models whose weights are integers already, in all the ways that tools write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
node = helper.make_node
_OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]


def integers(shape: tuple[int, ...], kind: type = np.int8, seed: int = 0) -> Array:
    """Return integers as quantizers make them of weights, rows of different size among them."""
    rng = np.random.default_rng(seed)
    rows = np.exp(rng.normal(0, 0.3, (shape[0],) + (1,) * (len(shape) - 1)))
    values = np.rint(30 * rows * rng.standard_normal(shape)).clip(-128, 127)
    return values.astype(np.int8) if kind is np.int8 else (values + 128).astype(np.uint8)


def scales(count: int, seed: int = 0) -> Array:
    """Return scales of channels."""
    return np.exp(np.random.default_rng(seed).normal(-5, 0.5, count)).astype(np.float32)


def model_of(nodes: list[onnx.NodeProto], x: tuple[int | str, ...], **constants: Array) -> onnx.ModelProto:
    """Return a model from a float x to y."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=_OPSETS, ir_version=10)


def qdq(*, per_channel: bool = True, kind: type = np.int8, seed: int = 0) -> onnx.ModelProto:
    """Return two layers, a convolution and a product, with QuantizeLinear and DequantizeLinear around."""
    zero: Array = np.array(0 if kind is np.int8 else 128, kind)
    w, v = integers((48, 8, 3, 3), kind, seed), integers((48, 96), kind, seed + 1)
    counts = (48, 96) if per_channel else (1, 1)
    conv, product = (scales(count, seed + i) for i, count in enumerate(counts))
    if not per_channel:
        conv, product = conv[0], product[0]
    zeros = [np.full(count, zero) if per_channel else zero for count in counts]
    axis: dict[str, Any] = {"axis": 0} if per_channel else {}
    last: dict[str, Any] = {"axis": 1} if per_channel else {}
    return model_of(
        [
            node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
            node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
            node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], **axis),
            node("DequantizeLinear", ["b", "bs"], ["bd"], axis=0),
            node("Conv", ["xd", "wd", "bd"], ["h"]),
            node("Relu", ["h"], ["r"]),
            node("GlobalAveragePool", ["r"], ["p"]),
            node("Flatten", ["p"], ["f"]),
            node("DequantizeLinear", ["v", "vs", "vz"], ["vd"], **last),
            node("QuantizeLinear", ["f", "fs", "fz"], ["fq"]),
            node("DequantizeLinear", ["fq", "fs", "fz"], ["fd"]),
            node("MatMul", ["fd", "vd"], ["y"]),
        ],
        ("n", 8, 6, 6),
        xs=np.array(0.03, np.float32), xz=np.array(128, np.uint8), w=w, ws=conv, wz=zeros[0],
        fs=np.array(0.01, np.float32), fz=np.array(0, np.uint8), v=v, vs=product, vz=zeros[1],
        b=np.arange(-24, 24, dtype=np.int32) * 20, bs=np.broadcast_to(np.float32(0.03) * conv, 48),
    )  # fmt: skip


def samples(count: int = 24) -> list[dict[str, Array]]:
    """Return inputs for `qdq`, smooth as pictures are."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((count, 8, 6, 6)).cumsum(2).cumsum(3) / 6
    return [{"x": row[None].astype(np.float32)} for row in x]

"""What a node's input is, by operator (https://onnx.ai/onnx/operators/)."""

from __future__ import annotations

from math import prod

import onnx

from nntc.format.view import View
from nntc.onnx.roles.role import Role
from nntc.onnx.roles.views import (
    Constant,
    axis_view,
    flat_view,
    generic_view,
    kernel_view,
    matrix_view,
)

_CONV, _DECONV, _LEFT, _RIGHT, _GATES, _TABLE, _BIAS, _NORM = range(8)

_RECURRENT = {1: _GATES, 2: _GATES, 3: _BIAS}
_USES: dict[str, dict[int, int]] = {
    # operator: {input: what it is}
    "Conv": {1: _CONV, 2: _BIAS},
    "FusedConv": {1: _CONV, 2: _BIAS},
    "ConvInteger": {1: _CONV},
    "QLinearConv": {3: _CONV, 8: _BIAS},
    "DeformConv": {1: _CONV, 3: _BIAS},
    "ConvTranspose": {1: _DECONV, 2: _BIAS},
    "Gemm": {0: _LEFT, 1: _RIGHT, 2: _BIAS},
    "FusedGemm": {0: _LEFT, 1: _RIGHT, 2: _BIAS},
    "QGemm": {0: _LEFT, 3: _RIGHT, 6: _BIAS},
    "MatMul": {0: _LEFT, 1: _RIGHT},
    "FusedMatMul": {0: _LEFT, 1: _RIGHT},
    "MatMulInteger": {0: _LEFT, 1: _RIGHT},
    "MatMulIntegerToFloat": {0: _LEFT, 1: _RIGHT, 6: _BIAS},
    "DynamicQuantizeMatMul": {1: _RIGHT, 4: _BIAS},
    "QLinearMatMul": {0: _LEFT, 3: _RIGHT},
    "MatMulNBits": {1: _GATES, 5: _BIAS},
    "LSTM": {**_RECURRENT, 7: _BIAS},
    "DynamicQuantizeLSTM": {**_RECURRENT, 7: _BIAS},
    "GRU": _RECURRENT,
    "RNN": _RECURRENT,
    "Gather": {0: _TABLE},
    "GatherBlockQuantized": {0: _TABLE},
    "EmbedLayerNormalization": {2: _TABLE, 3: _TABLE, 4: _TABLE, 5: _NORM, 6: _NORM},
    "BatchNormalization": {1: _NORM, 2: _NORM, 3: _NORM, 4: _NORM},
    "InstanceNormalization": {1: _NORM, 2: _NORM},
    "GroupNormalization": {1: _NORM, 2: _NORM},
    "GroupNorm": {1: _NORM, 2: _NORM},
    "LayerNormalization": {1: _NORM, 2: _NORM},
    "SimplifiedLayerNormalization": {1: _NORM},
    "RMSNormalization": {1: _NORM},
    "SkipLayerNormalization": {2: _NORM, 3: _NORM, 4: _BIAS},
    "SkipSimplifiedLayerNormalization": {2: _NORM, 3: _BIAS},
    "BiasGelu": {1: _BIAS},
    "FastGelu": {1: _BIAS},
}
_ATTENTION = {1: _RIGHT, 2: _BIAS}  # "Attention" of com.microsoft; that of ONNX has no weights
_ELEMENTWISE = {"Add", "Sub", "Mul", "Div"}
_LINEAR_USES = {_CONV, _DECONV, _LEFT, _RIGHT}


def is_linear(node: onnx.NodeProto) -> bool:
    """Return whether the node is a convolution or a product of matrices, to which a bias may be added."""
    return not _LINEAR_USES.isdisjoint(_USES.get(node.op_type, {}).values()) or node.op_type == "Einsum"


def classify(
    node: onnx.NodeProto, index: int, constant: Constant, *, after_linear: bool
) -> tuple[Role, View]:
    """Return role and view of a constant by the node that uses it.

    Parameters
    ----------
    node
        The node.
    index
        Number of its input.
    constant
        What stands there.
    after_linear
        Whether another input of the node is the output of a linear one.
    """
    dims = constant.dims
    if node.op_type in _ELEMENTWISE:
        if constant.floating and prod(dims) > 1 and sum(size > 1 for size in dims) == 1:
            additive = node.op_type in ("Add", "Sub")
            return (Role.BIAS if additive and after_linear else Role.NORMALIZATION), generic_view(dims)
        return Role.OTHER, generic_view(dims)
    uses = _USES.get(node.op_type, {})
    if node.op_type in ("Attention", "QAttention") and node.domain == "com.microsoft":
        uses = _ATTENTION
    use = uses.get(index)
    if use in (_CONV, _DECONV):
        return _kernel(constant, use, _integer(node, "group", 1))
    if use in (_LEFT, _RIGHT):
        swapped = _integer(node, "transA" if use == _LEFT else "transB", 0) != 0
        return Role.DENSE, matrix_view(constant, -1 if (use == _RIGHT) != swapped else -2)
    if use == _GATES:
        return (Role.DENSE if node.op_type == "MatMulNBits" else Role.RECURRENT), flat_view(dims)
    if use == _TABLE:
        return _table(constant, _integer(node, "axis", 0))
    if use == _BIAS:
        return Role.BIAS, generic_view(dims)
    if use == _NORM:
        return Role.NORMALIZATION, generic_view(dims)
    if node.op_type == "Einsum" and len(dims) > 1:
        return Role.DENSE, generic_view(dims)
    return Role.OTHER, generic_view(dims)


def _kernel(constant: Constant, use: int | None, group: int) -> tuple[Role, View]:
    seen = constant.seen
    if group > 1 and len(seen) > 1 and seen[1] == 1:
        return Role.DEPTHWISE, kernel_view(constant, 0)
    if use == _DECONV:
        return Role.TRANSPOSED_CONVOLUTION, kernel_view(constant, 1)
    return Role.CONVOLUTION, kernel_view(constant, 0)


def _table(constant: Constant, axis: int) -> tuple[Role, View]:
    rank = len(constant.seen)
    if rank < 2 or constant.axes is None or not -rank <= axis < rank:
        return Role.OTHER, generic_view(constant.dims)
    view = axis_view(constant.dims, constant.axes[axis])
    return Role.EMBEDDING, View(view.kind, view.rows, view.channels * view.period)


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    for attribute in node.attribute:
        # A reference to an attribute of the function around it has a type but no value.
        if attribute.name == name and attribute.HasField("i"):
            return int(attribute.i)
    return default

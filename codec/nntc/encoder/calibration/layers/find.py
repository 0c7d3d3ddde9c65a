"""Find what a node multiplies a constant with."""

from __future__ import annotations

import onnx

from nntc.encoder.calibration.layers.convolution import convolution
from nntc.encoder.calibration.layers.embedding import TableInput, embedding
from nntc.encoder.calibration.layers.layer import LayerInput, Placement
from nntc.encoder.calibration.layers.matrix import matrix
from nntc.encoder.calibration.layers.recurrent import recurrent
from nntc.format.view import View
from nntc.onnx.operators import Operand, Trait, operator_of

Layer = tuple[LayerInput, Placement] | tuple[TableInput, View]

_KERNELS = {Operand.KERNEL, Operand.TRANSPOSED_KERNEL}
_MATRICES = {Operand.LEFT, Operand.RIGHT}
CHANGED = "its shape changes before it is used"


def find_layer(
    node: onnx.NodeProto, index: int, dims: tuple[int, ...], axes: tuple[int, ...] | None
) -> Layer | str:
    """Return what a node multiplies a constant with and how, or why that is not known.

    Parameters
    ----------
    node
        The node.
    index
        The input that the constant feeds.
    dims
        The constant's dimensions as it is stored.
    axes
        Its axis for each axis that the node sees, None if its shape has changed.
    """
    found: Layer | None = None
    operator = operator_of(node)
    operand = operator.operands.get(index) if operator.has(Trait.PLAIN) else None
    if operand is Operand.GATES:
        found = recurrent(node, index, dims, axes)
    elif axes is None:
        return CHANGED
    elif operand in _KERNELS:
        found = convolution(node, dims, axes)
    elif operand in _MATRICES:
        found = matrix(node, index, dims, axes)
    elif operand is Operand.TABLE:
        found = embedding(node, dims, axes)
    else:
        return f"it is input {index} of {node.op_type}"
    return found or f"{node.op_type} uses it in an unusual way"

"""Find what a node multiplies a constant with."""

from __future__ import annotations

import onnx

from nntc.encoder.calibration.layers.convolution import convolution
from nntc.encoder.calibration.layers.embedding import TableInput, embedding
from nntc.encoder.calibration.layers.layer import LayerInput, Placement
from nntc.encoder.calibration.layers.matrix import matrix
from nntc.encoder.calibration.layers.recurrent import recurrent
from nntc.format.view import View

Layer = tuple[LayerInput, Placement] | tuple[TableInput, View]

_KERNELS = {"Conv", "FusedConv", "ConvTranspose"}
_MATRICES = {"MatMul": {0, 1}, "FusedMatMul": {0, 1}, "Gemm": {0, 1}, "FusedGemm": {0, 1}, "Attention": {1}}
_RECURRENT = {"LSTM", "GRU", "RNN"}
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
        Its axis behind each axis that the node sees, None if its shape has changed.
    """
    found: Layer | None = None
    kind = node.op_type
    if kind in _RECURRENT and index in (1, 2):
        found = recurrent(node, index, dims, axes)
    elif axes is None:
        return CHANGED
    elif kind in _KERNELS and index == 1:
        found = convolution(node, dims, axes)
    elif index in _MATRICES.get(kind, ()):
        found = matrix(node, index, dims, axes)
    elif kind == "Gather" and index == 0:
        found = embedding(node, dims, axes)
    else:
        return f"it is input {index} of {kind}"
    return found or f"{kind} uses it in an unusual way"

"""Roles of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nntc.format.view import View
from nntc.onnx.tensor import Path


class Role(StrEnum):
    """What a tensor is to its network."""

    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    TRANSPOSED_CONVOLUTION = "transposed_convolution"
    DENSE = "dense"
    RECURRENT = "recurrent"
    EMBEDDING = "embedding"
    BIAS = "bias"
    NORMALIZATION = "normalization"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TensorRole:
    """Role of a tensor by its first known use.

    Parameters
    ----------
    role
        What it is.
    view
        Its elements as a matrix, one row for each output where there is such a thing. Elements of less
        than a byte count by the byte, as they are stored.
    node
        Path of the node of that use, or None if nothing uses it.
    input
        Which of that node's inputs it feeds, perhaps through casts and the like.
    """

    role: Role
    view: View
    node: Path | None = None
    input: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A node's use of a tensor.

    Parameters
    ----------
    node
        Path of the node.
    input
        Which of its inputs the tensor feeds, perhaps through casts and the like.
    axes
        The tensor's own axis of each axis that the node sees; None once the shape has changed.
    """

    node: Path
    input: int
    axes: tuple[int, ...] | None

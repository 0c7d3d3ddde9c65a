"""Roles of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

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


class Tolerance(IntEnum):
    """What errors the use of a tensor stands, the strictest last."""

    WEIGHT = 0
    """An error relative to the other weights of the same output: it is one of many in a sum."""
    ADDITIVE = 1
    """An error relative to what the layers before it put out, or to its other elements."""
    SCALING = 2
    """An error relative to each element: it multiplies or divides."""
    EXACT = 3
    """None."""


UNKNOWN_USE = "its use is not known"
"""Why a tensor is coded exactly that no rule is about."""
UNUSED = "nothing is known to use it"
"""Why a tensor is coded exactly that no node reads."""
UNKNOWN = (UNKNOWN_USE, UNUSED)
"""Reasons for coding a tensor exactly that are a lack of knowledge."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A tensor that says how large what is added to each channel may be taken to be.

    Parameters
    ----------
    path
        The tensor, of as many elements.
    is_variance
        Whether it is a variance, that is, the square of that; otherwise its magnitude counts.
    floor
        What is added to a variance.
    """

    path: Path
    is_variance: bool = False
    floor: float = 0.0


class TensorRole(NamedTuple):
    """Role of a tensor by its first known use, and what all of its uses stand.

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
    tolerance
        What the strictest of its uses stands.
    reason
        Why it must be exact, if it must; `UNKNOWN_USE` where nothing says that it need not.
    scale
        What the errors of something added are relative to, if that is known.
    """

    role: Role
    view: View
    node: Path | None = None
    input: int | None = None
    tolerance: Tolerance = Tolerance.EXACT
    reason: str = ""
    scale: Scale | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether it must be exact for lack of knowledge."""
        return self.reason in UNKNOWN


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

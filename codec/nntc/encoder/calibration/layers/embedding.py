"""Tables that rows are looked up in (Gather): how often each row is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.encoder.calibration.layers.layer import Array
from nntc.format.view import View
from nntc.onnx.attributes import integer
from nntc.onnx.roles.views import axis_view


@dataclass(frozen=True)
class TableInput:
    """Indices of the rows looked up.

    Parameters
    ----------
    name
        Tensor of indices.
    rows
        Rows of the table.
    """

    name: str
    rows: int

    def counts(self, values: Array) -> NDArray[np.int64]:
        """Return how often each row is looked up, shape (rows,)."""
        indices = np.where(values < 0, values + self.rows, values).ravel()
        within = indices[(indices >= 0) & (indices < self.rows)]
        return np.bincount(within, minlength=self.rows).astype(np.int64)


def embedding(
    node: onnx.NodeProto, dims: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[TableInput, View] | None:
    """Return input and view of a table."""
    axis = integer(node, "axis", 0)
    if not -len(axes) <= axis < len(axes) or len(dims) < 2:
        return None
    own = axes[axis]
    view = axis_view(dims, own)
    return TableInput(node.input[1], dims[own]), View(view.kind, view.rows, view.columns)

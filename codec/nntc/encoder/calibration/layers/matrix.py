"""Products with constant matrices: MatMul and Gemm, on either side, one matrix or a stack of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx

from nntc.encoder.calibration.layers.layer import (
    Along,
    Array,
    Floats,
    LayerInput,
    Placement,
    choose,
)
from nntc.format.registry import ViewKind
from nntc.format.view import View
from nntc.onnx.attributes import integer
from nntc.onnx.roles.views import axis_view


@dataclass(frozen=True)
class MatrixInput(LayerInput):
    """The other operand of a product: its rows, or its columns.

    Parameters
    ----------
    name
        The operand.
    columns
        Whether the vectors are its columns.
    stack
        Leading axes of the constant: one block for each of its matrices.
    length
        Elements of a vector.
    """

    name: str
    columns: bool
    stack: tuple[int, ...]
    length: int

    @property
    def tensors(self) -> tuple[str, ...]:
        """Name of the operand."""
        return (self.name,)

    @property
    def blocks(self) -> int:
        """Matrices in the stack."""
        return prod(self.stack)

    @property
    def size(self) -> int:
        """Elements of a vector."""
        return self.length

    def vectors(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """Return randomly chosen rows or columns."""
        x = values[0]
        if x.ndim == 1:
            x = x[None, :]
        elif self.columns:
            x = x.swapaxes(-1, -2)
        samples = x.shape[0] if x.ndim > 2 else 1
        if self.blocks == 1:
            flat = x.reshape(-1, self.length)
            chosen = choose(len(flat), limit * samples, rng)
            return flat[chosen].astype(np.float32)[None], len(flat)
        lead = np.broadcast_shapes(x.shape[:-2], self.stack)
        x = np.broadcast_to(x, (*lead, *x.shape[-2:]))
        # Along axes that the constant has not, or has with one element, each matrix meets all of x.
        first = len(lead) - len(self.stack)
        own = [first + axis for axis, size in enumerate(self.stack) if size > 1]
        rows = np.moveaxis(x, own, range(len(own))).reshape(self.blocks, -1, self.length)
        is_shared = prod(lead) > self.blocks
        chosen = choose(rows.shape[1], limit * (samples if is_shared else 1), rng)
        return rows[:, chosen].astype(np.float32), rows.shape[1]


def matrix(
    node: onnx.NodeProto, index: int, dims: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[LayerInput, Placement] | None:
    """Return input and placement of a constant operand, input `index` of its node."""
    if len(axes) < 2 or len(node.input) < 2:
        return None
    right = index == 1
    swapped = [integer(node, name, 0) != 0 for name in ("transA", "transB")]
    # As stored for the node, a matrix is (outputs, inputs) or the other way round.
    outputs_last = right != swapped[index]
    seen = tuple(dims[axis] for axis in axes)
    outputs, inputs = (-1, -2) if outputs_last else (-2, -1)
    stack = seen[:-2] if prod(seen[:-2]) > 1 else ()
    columns = swapped[0] if right else not swapped[1]
    source = MatrixInput(node.input[1 - index], columns, stack, seen[inputs])
    view = axis_view(dims, axes[outputs])
    view = View(view.kind, view.rows, view.columns)
    if not stack:
        return source, Placement(view)
    if list(axes[:-2]) != sorted(axes[:-2]) or max(axes[:-2]) > min(axes[-2:]):
        return None  # the matrices are scattered
    if axes[inputs] < axes[outputs]:
        return source, Placement(view, Along.COLUMNS)
    return source, Placement(View(ViewKind.MATRIX, prod(dims[:-1]), dims[-1]), Along.ROWS)

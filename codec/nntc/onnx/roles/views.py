"""Matrix views of constants (SPEC.md, "Views")."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from nntc.format.registry import ViewKind
from nntc.format.view import View
from nntc.onnx.tensor import ELEMENT_BITS, Path


class Constant(NamedTuple):
    """A constant as a node sees it.

    Parameters
    ----------
    path
        The tensor in the model that it comes from.
    dims
        That tensor's own dimensions.
    axes
        Own axis of each axis that the node sees; None once the shape has changed.
    floating
        Whether the node sees floating point values.
    """

    path: Path
    dims: tuple[int, ...]
    axes: tuple[int, ...] | None
    floating: bool

    @property
    def seen(self) -> tuple[int, ...]:
        """Dimensions that the node sees, or the tensor's own if they are not known."""
        return self.dims if self.axes is None else tuple(self.dims[axis] for axis in self.axes)


def generic_view(dims: tuple[int, ...]) -> View:
    """View the first axis that has a length as rows; a vector is one row."""
    sizes = tuple(size for size in dims if size != 1)
    if len(sizes) < 2:
        return View(ViewKind.MATRIX, 1, prod(sizes))
    return View(ViewKind.MATRIX, sizes[0], prod(sizes[1:]))


def flat_view(dims: tuple[int, ...]) -> View:
    """View the last axis as columns and all others as rows."""
    if not dims:
        return View(ViewKind.MATRIX, 1)
    return View(ViewKind.MATRIX, prod(dims[:-1]), dims[-1])


def axis_view(dims: tuple[int, ...], axis: int) -> View:
    """View axis `axis` of the stored tensor as rows.

    The axis after rows that stand first is the channels, what follows it the period. Before rows that
    do not, everything is channels, and what follows them the period.
    """
    before = prod(dims[:axis])
    if before == 1:
        return View(ViewKind.MATRIX, dims[axis], prod(dims[axis + 1 : axis + 2]), prod(dims[axis + 2 :]))
    # One row, or nothing but channels before it: the order is the same either way.
    kind = ViewKind.MATRIX if dims[axis] == 1 else ViewKind.TRANSPOSED
    return View(kind, dims[axis], before, prod(dims[axis + 1 :]))


def kernel_view(constant: Constant, axis: int) -> View:
    """View convolution kernels; `axis`, as the node sees them, is that of the outputs."""
    if constant.axes is not None:
        if axis >= len(constant.axes):
            return generic_view(constant.dims)
        return axis_view(constant.dims, constant.axes[axis])
    if len(constant.dims) < 3:
        return generic_view(constant.dims)
    return axis_view(constant.dims, axis)


def matrix_view(constant: Constant, axis: int) -> View:
    """View a matrix operand; `axis`, -1 or -2 as the node sees it, is that of the outputs.

    A stack of several matrices is viewed as it is stored, its last axis as columns: rows may be outputs
    or inputs there.
    """
    if constant.axes is None or len(constant.axes) < 2:
        return generic_view(constant.dims)
    if prod(constant.seen[:-2]) != 1:
        return flat_view(constant.dims)
    view = axis_view(constant.dims, constant.axes[axis])
    return View(view.kind, view.rows, view.channels * view.period)


def stored_view(view: View, data_type: int) -> View:
    """Return the view by stored elements: bytes for types that pack several elements into one."""
    bits = ELEMENT_BITS.get(data_type, 8)
    if bits >= 8:
        return view
    if view.kind is ViewKind.MATRIX and view.columns * bits % 8 == 0:
        return View(ViewKind.MATRIX, view.rows, view.columns * bits // 8)
    return View(ViewKind.MATRIX, 1, (view.size * bits + 7) // 8)

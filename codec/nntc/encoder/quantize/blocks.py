"""Blocks of weights for the two-dimensional DCT (Laude et al., 2018).

The paper's: the block of a convolution is its kernel; weights of 1 x 1 convolutions and dense layers are
rearranged as blocks of at most 8 x 8. What is our reading:

- A view knows the area of a kernel, not its sides. A square number is taken for a square kernel, another
  one up to 16 for a one-dimensional kernel, whose transform is the same upright or lying.
- Everything else (larger kernels, dense, recurrent, embedding and 1 x 1 weights) is cut into the largest
  blocks h x w, h and w at most 8, that fill the rows evenly, of consecutive weights, the squarest of those
  of equal area. Where the file holds a matrix transposed, consecutive means as it is stored.
"""

from __future__ import annotations

from math import isqrt

from nntc.format.dct import MAX_BLOCK
from nntc.format.registry import ViewKind
from nntc.format.view import View

_SIDE = 8
_BLOCKS = {h * w: (h, w) for h in range(1, _SIDE + 1) for w in range(_SIDE, h - 1, -1)}

Block = tuple[int, int]


def cut_blocks(view: View) -> tuple[View, Block]:
    """Return the view under which a tensor is transformed, and its block: height and width.

    Parameters
    ----------
    view
        A matrix view, transposed or not.

    Returns
    -------
    A view whose period is the area of the block. Its coded order is that of `view`, or the order of the
    payload if its kind is MATRIX and that of `view` is not.
    """
    kernel = _kernel(view.period)
    if kernel is not None:
        return view, kernel
    rows, columns = view.rows, view.columns
    if view.kind is ViewKind.TRANSPOSED:
        rows, columns = view.channels, view.rows * view.period
    area = max(area for area in _BLOCKS if columns % area == 0)
    return View(ViewKind.MATRIX, rows, columns // area, area), _BLOCKS[area]


def _kernel(area: int) -> Block | None:
    """Return the block of a kernel, or None for 1 x 1 and what the format has no block for."""
    side = isqrt(area)
    if area == 1 or side > MAX_BLOCK:
        return None
    if side * side == area:
        return side, side
    return (1, area) if area <= MAX_BLOCK else None

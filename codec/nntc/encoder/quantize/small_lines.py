"""Small lines: rows and channels of a matrix far smaller than the others, which one step can lose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.row_steps import relative_power
from nntc.format.view import View

LOST = "rows or columns far smaller than the others lose more than 30% of themselves"
_SMALL = 2.0**-8
"""Power of a small line, relative to the mean of all."""
_OUT_OF_REACH = 2.0**-56
"""Power below which steps of rows and columns do not reach."""
_NOTHING = 2.0**-160
"""Power below which a line is nothing: no input is so large that it would matter."""
_LOSS = 0.3**2
_MANY = 1 / 4
"""Share of lines; training leaves up to a fifth of the first layers' rows of a network without use."""


def many_are_small(values: NDArray[np.float64], view: View, bits: int) -> bool:
    """Return whether one step leaves nothing of many rows or channels, so that their scales are not undone.

    Parameters
    ----------
    values
        float64, rank 1, finite, in coded order.
    view
        Of the values.
    bits
        2^bits levels are to hold the whole range.
    """
    limit = 2.0 ** (-2 * bits)
    return any(float(_is_small(lines, limit).mean()) >= _MANY for lines in _lines(values, view))


def many_elements_are_small(values: NDArray[np.float64], bits: int) -> bool:
    """Return whether one step leaves nothing of many elements, as of biases of channels of other units.

    Parameters
    ----------
    values
        float64, rank 1, finite.
    bits
        2^bits levels are to hold the whole range.
    """
    limit = min(2.0 ** (-2 * bits), 2.0**-16)
    return float(_has_power_below(values[:, None], limit, 0.0).mean()) >= _MANY if values.size else False


def are_out_of_reach(
    values: NDArray[np.float64], view: View, *, is_first: bool, is_table: bool = False
) -> bool:
    """Return whether rows or channels are so small that no step for them can be coded, and not for nothing.

    Few such lines are those that training has left without use. But where a layer is the network's first, a
    column is as small as its input's unit is: bytes beside fractions.

    Parameters
    ----------
    values
        float64, rank 1, finite, in coded order.
    view
        Of the values.
    is_first
        Whether they are multiplied with inputs of the network.
    is_table
        Whether rows are looked up in them: those that are far smaller are rare entries.
    """
    rows, _ = _lines(values, view)
    if not is_table and _is_small(rows, _OUT_OF_REACH).mean() >= _MANY:
        return True
    sizes = np.abs(rows).max(axis=1, keepdims=True)
    alike = np.divide(rows, sizes, out=np.zeros_like(rows), where=sizes > 0)
    small = _is_small(alike.T.reshape(view.channels, -1), _OUT_OF_REACH)
    return bool(small.any() if is_first else small.mean() >= _MANY)


def note_on_lost(values: NDArray[np.float64], decoded: NDArray[np.float64], view: View) -> str:
    """Return the note on a tensor some of whose small rows or channels lost much, "" where none did.

    Parameters
    ----------
    values, decoded
        float64, rank 1, finite, in coded order: before and after coding.
    """
    for before, after in zip(_lines(values, view), _lines(decoded, view), strict=True):
        small = np.flatnonzero(_is_small(before, _SMALL))
        if small.size:
            sizes = np.abs(before[small]).max(axis=1, keepdims=True)  # squares of tiny ones would vanish
            own = before[small] / sizes
            errors = np.square(after[small] / sizes - own).sum(axis=1)
            if (errors > _LOSS * np.square(own).sum(axis=1)).any():
                return LOST
    return ""


def _lines(values: NDArray[np.float64], view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a matrix by rows, and by channels."""
    matrix = values.reshape(view.rows, -1)
    return matrix, matrix.T.reshape(view.channels, -1)


def _is_small(lines: NDArray[np.float64], below: float) -> NDArray[np.bool_]:
    """Return which rows have less power than some share of the mean, and are not nothing.

    Single elements are no lines: those of a vector are small by chance.
    """
    if lines.shape[1] == 1:
        return np.zeros(len(lines), np.bool_)
    return _has_power_below(lines, min(below, _SMALL))


def _has_power_below(
    lines: NDArray[np.float64], limit: float, nothing: float = _NOTHING
) -> NDArray[np.bool_]:
    """Return which rows have less power than a share of the mean, and are not nothing."""
    largest = float(np.abs(lines).max(initial=0.0))
    if not largest:
        return np.zeros(len(lines), np.bool_)
    power = relative_power(lines, largest)
    return (power >= nothing) & (power < limit)

"""Grid of weights that are integers: what each of them stands for, row by row.

A layer of a quantized model multiplies with scale * (integer - zero point). Other integers of the same type
are other weights of that layer: these are chosen, and scale and zero point stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.format.registry import ElementType
from nntc.format.view import View
from nntc.onnx.integers import Affine

ROUNDING = 1 / 12
"""Squared units of noise that rounding to integers adds."""
_PRUNED = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class IntegerGrid:
    """What integers of a matrix stand for.

    Parameters
    ----------
    element
        Their type: INT8 or UINT8.
    scales
        float64 [rows]: what 1 is in each row.
    zero
        The integer that stands for zero.
    """

    element: ElementType
    scales: NDArray[np.float64]
    zero: int

    def integers(self, patterns: NDArray[Any]) -> NDArray[np.int64]:
        """Return what bytes in coded order are less the zero point, int64 [rows, columns]."""
        kind = np.int8 if self.element is ElementType.INT8 else np.uint8
        numbers = patterns.view(kind).astype(np.int64) - self.zero
        return numbers.reshape(self.scales.size, -1)

    def values(self, patterns: NDArray[Any]) -> NDArray[np.float64]:
        """Return the weights that bytes in coded order stand for, float64, rank 1."""
        values: NDArray[np.float64] = self.integers(patterns) * self.scales[:, None]
        return values.ravel()

    def rows(self, start: int, end: int) -> IntegerGrid:
        """Return the grid of some of the rows."""
        return replace(self, scales=self.scales[start:end])

    def zeros(self, values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Return which weights were pruned, as `pruned_zeros`: more than rounding to integers leaves."""
        zeros = pruned_zeros(values)
        if zeros is None:
            return None
        ones = np.abs(values.reshape(self.scales.size, -1)) < 1.5 * self.scales[:, None]
        neighbours = (np.count_nonzero(ones) - np.count_nonzero(zeros)) / 2
        return zeros if np.count_nonzero(zeros) > _PRUNED * neighbours else None

    @property
    def rounding_power(self) -> float:
        """Mean square of what rounding to integers adds to weights."""
        return ROUNDING * float(np.mean(self.scales**2))


def grid_of(affine: Affine, element: ElementType, dims: tuple[int, ...], view: View) -> IntegerGrid | None:
    """Return the grid of a matrix view of integers; None where scale or zero point vary within a row.

    Parameters
    ----------
    dims
        Shape of the integers as they are stored.
    """
    zeros = np.unique(affine.zero)
    if zeros.size != 1:
        return None
    if affine.scale.size == 1:
        return IntegerGrid(element, np.full(view.rows, float(affine.scale.reshape(-1)[0])), int(zeros[0]))
    # The number of each element's scale, in coded order.
    numbers = np.arange(affine.scale.size, dtype=np.int32).reshape(affine.scale.shape)
    of_elements = view.to_coded(np.broadcast_to(numbers, dims).ravel()).reshape(view.rows, -1)
    if not (of_elements == of_elements[:, :1]).all():
        return None
    return IntegerGrid(element, affine.scale.ravel()[of_elements[:, 0]], int(zeros[0]))

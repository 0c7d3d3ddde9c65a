"""Uniform scalar quantizer: values become the nearest levels, levels the values that a decoder makes of them.

All rounding of values to a grid of equal steps goes through here: to nearest, ties to even, in the arithmetic
of the values. What comes back is computed as a decoder computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.integers import MAX_LEVEL
from nntc.format.registry import ElementType
from nntc.format.rounding import dequantize, is_finite, round_to_element
from nntc.format.steps import MIN_STEP


@dataclass(frozen=True, slots=True, eq=False)
class UniformQuantizer:
    """A grid of equal steps.

    Parameters
    ----------
    step
        Above 0; of all values, or float64 that broadcasts to them. Any such number will do to round; for a
        record it is a binary32, see `fits`.
    offset
        Value of level 0.
    lowest, highest
        Levels beyond become these. None, both of them: none is given up, and each must be one that a record
        can hold.
    """

    step: float | NDArray[np.float64]
    offset: float = 0.0
    lowest: int | None = None
    highest: int | None = None

    def multiples(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the nearest multiple of the step for each value, in steps, however many these are.

        Parameters
        ----------
        values
            float32 or float64, any shape.

        Returns
        -------
        Whole numbers, in the type of the values; not finite where they are not.
        """
        shifted = values - self.offset if self.offset else values
        in_steps = np.asarray(shifted / self.step)
        np.rint(in_steps, out=in_steps)
        return in_steps

    def levels(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the nearest level for each value, int64, of the same shape.

        Raises
        ------
        ValueError
            A value is not finite, or so large that its level has no place in a record.
        """
        multiples = self.multiples(values)
        largest = float(np.abs(multiples).max(initial=0.0))
        is_bounded = self.lowest is not None and self.highest is not None
        if not largest <= (np.finfo(multiples.dtype).max if is_bounded else MAX_LEVEL):
            raise ValueError("values are not finite, or too many steps")
        if is_bounded:
            np.clip(multiples, self.lowest, self.highest, out=multiples)
        return multiples.astype(np.int64)

    def values(self, levels: NDArray[Any]) -> NDArray[np.float64]:
        """Return what levels stand for before the last rounding, float64."""
        values: NDArray[np.float64] = dequantize(levels, self.step, self.offset, ElementType.FLOAT64)
        return values

    def elements(self, levels: NDArray[Any], element: ElementType) -> NDArray[Any]:
        """Return what a decoder makes of levels, or of whole numbers that they are scaled to.

        Parameters
        ----------
        levels
            int64 or float64, any shape.
        element
            A floating-point element type.

        Returns
        -------
        As of `nntc.format.rounding.round_to_element`.
        """
        return dequantize(levels, self.step, self.offset, element)

    def nearest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nearest value of the grid for each value, float64, levels without any limit."""
        grid = self.multiples(values)
        grid *= self.step  # in place: matrices may be large
        if self.offset:  # which would take the sign of zeros
            grid += self.offset
        return grid

    def error(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each value is above its nearest of the grid, float64, levels without any limit."""
        difference: NDArray[np.float64] = values - self.nearest(values)
        return difference

    def fits(self, element: ElementType, gain: float = 1.0) -> bool:
        """Return whether a record can have the step, and no level is infinite in the element type.

        Parameters
        ----------
        gain
            What a transform may make of a level, relative to it.

        Raises
        ------
        TypeError
            The quantizer has no range, or more than one step.
        """
        if self.lowest is None or self.highest is None:
            raise TypeError("a quantizer without a range has no extremes")
        if not MIN_STEP <= float(self.step) < np.inf or not np.isfinite(self.offset):
            return False
        extremes = self.values(np.array([self.lowest, self.highest])) * gain
        return bool(np.isfinite(extremes).all()) and is_finite(round_to_element(extremes, element), element)


WHOLE = UniformQuantizer(1.0)
"""Whole numbers."""


def binary32_from(value: float) -> float:
    """Return the least binary32 that is at least `value`; infinity if there is none."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.float32(value)
    if float(rounded) < value:
        rounded = np.nextafter(rounded, np.float32(np.inf))
    return float(rounded)


def over_range(values: NDArray[np.float64], bits: int) -> UniformQuantizer:
    """Return the quantizer of 2^bits levels from the least to the greatest value, both included.

    Parameters
    ----------
    values
        float64, finite, within the range of binary32, not all alike.
    bits
        1..8.
    """
    highest = (1 << bits) - 1
    offset = -binary32_from(-float(values.min()))
    step = binary32_from(float(values.max()) / highest - offset / highest)
    return UniformQuantizer(step, offset, 0, highest)


def around_zero(values: NDArray[np.float64], bits: int) -> UniformQuantizer:
    """Return the quantizer of 2^bits levels, zero among them, that reaches the least and the greatest value.

    2^(bits-1) levels are on the side that reaches farther from zero, one less on the other; with one bit that
    other side has none.

    Parameters
    ----------
    values
        As for `over_range`.
    bits
        1..8.
    """
    low, high = float(values.min()), float(values.max())
    half = 1 << (bits - 1)
    below, above = (half, half - 1) if -low > high else (half - 1, half)
    step = binary32_from(max(reach / side for reach, side in ((-low, below), (high, above)) if side))
    return UniformQuantizer(step, 0.0, -below, above)

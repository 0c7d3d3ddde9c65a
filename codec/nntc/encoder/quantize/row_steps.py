"""Row and column steps: rows and columns far smaller than the others get a step of their own.

One step for a whole matrix leaves nothing of rows of a thousandth of the others' norm: rare entries of a
table, outputs of another unit, channels that a normalization scales up afterwards. Small rows may have more
noise than the others, relative to their power, but not without limit. So may small columns: their inputs are
as large as they are small, as where a normalization was put into the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.steps import STEP_CODES

ROW_NOISE = 16.0
"""A row's noise relative to its power may be this much that of the whole matrix."""
SMALL_COLUMN = 2.0**-9
"""Power of a column, relative to the mean, below which columns get steps: no transform over channels goes
with them. Columns that training left small have more."""
_SMALL_ROW = 1 / 16
_BETWEEN = np.sqrt(STEP_CODES[:-1] * STEP_CODES[1:])
_LEAST = 2.0**-28
"""Least step, relative to the largest: step codes reach a little further."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSteps:
    """Step codes of rows and the factors that they stand for.

    Parameters
    ----------
    codes
        uint8 [rows].
    scales
        float64 [rows]: what 1 is in each row, of weights that are integers; None where it is 1.
    wanted
        float64 [rows]: steps that the codes come near to, relative to the base step; None for those of the
        codes, the largest of which is the base step.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float64] | None = None
    wanted: NDArray[np.float64] | None = None

    @property
    def unit(self) -> float:
        """What the base step is, in steps that a record states."""
        steps = self._steps
        if self.wanted is None:
            return float(steps.max())
        return float(np.sqrt(np.mean((steps / self.wanted) ** 2)))  # the noise is what was wanted

    @property
    def factors(self) -> NDArray[np.float64]:
        """Steps of rows relative to the base step, float64 [rows]."""
        return self._steps / self.unit

    @property
    def _steps(self) -> NDArray[np.float64]:
        """Steps of rows, of a record that states 1."""
        steps: NDArray[np.float64] = STEP_CODES[self.codes]
        return steps if self.scales is None else steps * self.scales


def find_row_steps(matrix: NDArray[np.float64]) -> RowSteps | None:
    """Return the steps of a matrix's rows, None where none is far smaller than the others.

    Parameters
    ----------
    matrix
        float64 [rows, columns], finite.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    if len(matrix) < 2 or not largest:
        return None
    wanted = np.clip(np.sqrt(ROW_NOISE * relative_power(matrix, largest)), _LEAST, 1.0)
    return None if wanted.min() == 1.0 else RowSteps(_codes(wanted))


def steps_on_grid(scales: NDArray[np.float64], small: RowSteps | None) -> RowSteps:
    """Return the steps of rows of integers, in which 1 is something else in each row.

    Parameters
    ----------
    scales
        float64 [rows]: what 1 is.
    small
        Steps of rows far smaller than the others, if there are any.
    """
    wanted = np.ones(scales.size) if small is None else small.factors
    steps = wanted / scales
    least = float(steps.min())
    codes = np.searchsorted(_BETWEEN, STEP_CODES[0] * steps / least)
    return RowSteps(codes.astype(np.uint8), scales, wanted)


def find_column_codes(matrix: NDArray[np.float64], period: int) -> NDArray[np.uint8] | None:
    """Return step codes of columns, uint8 [columns], None where no channel is far smaller than the others.

    Parameters
    ----------
    matrix
        float64 [rows, columns], finite.
    period
        Successive columns of one channel, which have one step.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    channels = matrix.T.reshape(-1, period * len(matrix))
    if len(channels) < 2 or not largest:
        return None
    power = relative_power(channels, largest)
    power[power < _LEAST**2] = 1.0  # out of reach
    if power.min() >= SMALL_COLUMN:
        return None
    return _codes(np.clip(np.sqrt(ROW_NOISE * power), _LEAST, 1.0)).repeat(period)


def relative_power(matrix: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Return the power of each row relative to that of all, float64 [rows]; 1 of rows of zeros."""
    scaled = matrix / largest
    sums = np.einsum("rc,rc->r", scaled, scaled)
    counts = np.count_nonzero(matrix, axis=1)  # rows of which much was pruned are not small for that
    power: NDArray[np.float64] = (sums / np.maximum(counts, 1)) / (sums.sum() / counts.sum())
    power[counts == 0] = 1.0
    return power


def _codes(wanted: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the codes of steps that are at most as large as wanted; the smallest one's is 0."""
    lowest = 8 * wanted / wanted.min()
    codes = np.searchsorted(STEP_CODES, lowest * (1 + 2.0**-12), side="right") - 1
    return np.asarray(codes, np.uint8)


def loses_rows(matrix: NDArray[np.float64], bits: int) -> bool:
    """Return whether one step for a whole matrix leaves nothing of rows far smaller than the others.

    Parameters
    ----------
    matrix
        float64 [rows, columns], finite.
    bits
        2^bits levels are to hold the whole range.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    if not largest:
        return False
    sizes = np.sqrt(np.mean((matrix / largest) ** 2, axis=1))
    sizes = sizes[sizes > 0]
    limit = min(_SMALL_ROW * float(np.sqrt(np.mean(sizes**2))), 2.0**-bits)
    return bool((sizes < limit).any())

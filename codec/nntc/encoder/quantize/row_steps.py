"""Row steps: rows far smaller than the others get a step of their own.

One step for a whole matrix leaves nothing of rows of a thousandth of the others' norm: rare entries of a
table, outputs of another unit, channels that a normalization scales up afterwards. Small rows may have more
noise than the others, relative to their power, but not without limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.steps import STEP_CODES

ROW_NOISE = 16.0
"""A row's noise relative to its power may be this much that of the whole matrix."""
_SMALL_ROW = 1 / 16
_LEAST = 2.0**-28
"""Least step, relative to the largest: step codes reach a little further."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSteps:
    """Step codes of rows and the factors that they stand for.

    Parameters
    ----------
    codes
        uint8 [rows].
    """

    codes: NDArray[np.uint8]

    @property
    def largest(self) -> float:
        """Number of the largest code: the step that a record states is that of the largest rows over this."""
        return float(STEP_CODES[int(self.codes.max())])

    @property
    def factors(self) -> NDArray[np.float64]:
        """Steps of rows relative to the largest, float64 [rows]."""
        factors: NDArray[np.float64] = STEP_CODES[self.codes] / self.largest
        return factors


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
    scaled = matrix / largest
    sums = np.einsum("rc,rc->r", scaled, scaled)
    counts = np.count_nonzero(matrix, axis=1)  # rows of which much was pruned are not small for that
    wanted = np.sqrt(ROW_NOISE * (sums / np.maximum(counts, 1)) / (sums.sum() / counts.sum()))
    wanted[counts == 0] = 1.0
    wanted = np.clip(wanted, _LEAST, 1.0)
    if wanted.min() == 1.0:
        return None
    lowest = 8 * wanted / wanted.min()
    codes = np.searchsorted(STEP_CODES, lowest * (1 + 2.0**-12), side="right") - 1
    return RowSteps(codes.astype(np.uint8))


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

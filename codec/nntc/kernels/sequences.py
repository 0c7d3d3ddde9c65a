"""Weights that are quantized one after the other, each knowing the errors of those before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCK = 32
"""Columns between decisions of a search with feedback."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Weights in the order in which they are quantized.

    Parameters
    ----------
    x
        float32 [sequences, length]: weights in units of their column's step.
    filters
        float64 [groups, length, length], unit upper triangular: what an error of one step in a column (first
        index) does to a later one, in steps of that. Equal runs of sequences have a group each.
    weights
        float32 [groups, length]: power in the output of an error of one step, relative to other columns.
    contexts
        uint16 [sequences, length]: context of each weight.
    zeros
        bool [sequences, length]: weights that must be level 0.
    segment
        Columns between restarts of the trellis, a multiple of `BLOCK`; None for none.
    """

    x: Floats
    filters: NDArray[np.float64]
    weights: Floats
    contexts: NDArray[np.uint16]
    zeros: NDArray[np.bool_] | None = None
    segment: int | None = None

    def starts_anew(self, column: int) -> bool:
        """Return whether the trellis starts anew before a column, at the beginning of a block."""
        return column % (self.segment or self.x.shape[1]) == 0

"""Rate-distortion optimal dependent quantization by a Viterbi search.

Trellis-coded quantization (Marcellin and Fischer, 1990) in the form of VVC's and NNC's dependent
quantization, with the rate of each token in the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.integers import ESCAPE
from nntc.format.trellis import EIGHT_STATES, Machine, on_fine_grid
from nntc.kernels.encoding import search_trellis

MIN_LEVEL = -128
"""Level of token 0: even, as a trellis must have it, and the same everywhere, to share tables."""
MAX_LEVEL = 126
"""Largest magnitude that has a token; larger levels are escaped, and odd, as their token is."""
_ESCAPE_BITS = 30.0
MAGNITUDES = MAX_LEVEL + 4
"""Costs that `magnitude_costs` gives for each table."""
FAR = np.float32(1e30)
"""Cost of what cannot be coded."""


@dataclass(frozen=True, slots=True, eq=False)
class TrellisLevels:
    """Levels in coded order with the quantizer each was chosen under.

    Parameters
    ----------
    levels
        int32, rank 1.
    quantizers
        uint8, rank 1.
    machine
        The trellis.
    """

    levels: NDArray[np.int32]
    quantizers: NDArray[np.uint8]
    machine: Machine = EIGHT_STATES

    @property
    def tokens(self) -> NDArray[np.uint8]:
        """Tokens, uint8."""
        inside = (self.levels >= MIN_LEVEL) & (self.levels <= MAX_LEVEL)
        return np.where(inside, self.levels - MIN_LEVEL, ESCAPE).astype(np.uint8)

    @property
    def fine(self) -> NDArray[np.int32]:
        """Integers on the fine grid, int32: what the decoder multiplies by the step."""
        return on_fine_grid(self.levels, self.quantizers)


def search(
    x: NDArray[np.float32],
    contexts: NDArray[np.uint16],
    bits: NDArray[np.float32],
    lagrangian: float,
    segment: int,
    machine: Machine = EIGHT_STATES,
    zeros: NDArray[np.bool_] | None = None,
) -> TrellisLevels:
    """Find the levels of least distortion + lagrangian * rate.

    Parameters
    ----------
    x
        float32, rank 1: values in coded order, in units of the step; |x| below 60,000.
    contexts
        uint16, rank 1: context of each value.
    bits
        float32 [2 * contexts, 256]: cost of each token under table 2 * context + quantizer.
    lagrangian
        Squared steps per bit.
    segment
        Values between restarts of the trellis.
    zeros
        bool, rank 1: values that must be level 0.
    """
    costs = magnitude_costs(bits, lagrangian)
    return TrellisLevels(*search_trellis(x, contexts, costs, segment, machine, zeros), machine)


def magnitude_costs(bits: NDArray[np.float32], lagrangian: float) -> NDArray[np.float32]:
    """Return the weighted cost of magnitudes 0..129 under each table: of the two signs the mean.

    Magnitudes beyond the tokens cost an escape if they are odd, 127 and 129 here; even ones cannot be
    coded, 128 here.
    """
    costs = np.full((bits.shape[0], MAGNITUDES), _ESCAPE_BITS, np.float32)
    k = np.arange(MAX_LEVEL + 1)
    costs[:, : MAX_LEVEL + 1] = (bits[:, k - MIN_LEVEL] + bits[:, -k - MIN_LEVEL]) / 2
    costs *= np.float32(lagrangian)
    costs[:, MAX_LEVEL + 2] = FAR
    return costs

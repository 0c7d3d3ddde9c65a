"""State machines of dependent quantization.

Two interleaved grids, 2k and 2k - sign(k) in units of the step, and a state that each level's parity
moves on: trellis-coded quantization as in Marcellin and Fischer (1990) and, in this form, VVC and NNC.

Implements SPEC.md 9.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Trellis(IntEnum):
    """Code of a trellis in the flags of a uniform record."""

    NONE = 0
    FOUR_STATES = 1
    EIGHT_STATES = 2
    MANY_STATES = 3


@dataclass(frozen=True, slots=True)
class Machine:
    """A trellis: for each state the next one by parity, and the grid (quantizer) that it uses."""

    trellis: Trellis
    next: tuple[tuple[int, int], ...]
    quantizer: tuple[int, ...]


FOUR_STATES = Machine(Trellis.FOUR_STATES, ((0, 2), (2, 0), (1, 3), (3, 1)), (0, 0, 1, 1))
EIGHT_STATES = Machine(
    Trellis.EIGHT_STATES,
    ((0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5)),
    (0, 1, 0, 1, 0, 1, 0, 1),
)
FROM_ODD, FROM_PARITY = 83, 33
"""What is added, bit by bit, to half of a state of the 128 that is odd, and for an odd level."""
MANY_STATES = Machine(
    Trellis.MANY_STATES,
    tuple((half, half ^ FROM_PARITY) for half in (s // 2 ^ s % 2 * FROM_ODD for s in range(128))),
    (0, 1) * 64,
)
MACHINES = {machine.trellis: machine for machine in (FOUR_STATES, EIGHT_STATES, MANY_STATES)}


def on_fine_grid(levels: NDArray[Any], quantizers: NDArray[Any]) -> NDArray[Any]:
    """Return what levels stand for, in units of the step.

    Parameters
    ----------
    levels
        Integers, of any type that holds twice their magnitude.
    quantizers
        0 or 1 for each level: the quantizer bits.

    Returns
    -------
    2 * level - quantizer bit * sign of the level, of the type of the levels.
    """
    fine: NDArray[Any] = 2 * levels - np.sign(levels) * quantizers
    return fine

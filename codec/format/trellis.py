"""State machines of dependent quantization (SPEC.md, "Trellis").

Two interleaved grids, 2k and 2k - sign(k) in units of the step, and a state that each level's parity
moves on: trellis-coded quantization as in Marcellin and Fischer (1990) and, in this form, VVC and NNC.
Machines are kept in one table of 13 states, so that tensors of every kind can be decoded in lockstep:
0-3 is the machine of four states, 4-11 that of eight, 12 stays where it is and means no trellis.
"""

from __future__ import annotations

import numpy as np

FOUR_NEXT = ((0, 2), (2, 0), (1, 3), (3, 1))
FOUR_QUANTIZER = (0, 0, 1, 1)
EIGHT_NEXT = ((0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5))
EIGHT_QUANTIZER = (0, 1, 0, 1, 0, 1, 0, 1)

START = (12, 0, 4)
"""First state by trellis code (0 none, 1 four states, 2 eight states)."""

NEXT = np.array([*FOUR_NEXT, *((a + 4, b + 4) for a, b in EIGHT_NEXT), (12, 12)], dtype=np.uint8).ravel()
"""uint8 [26]: state after (state, parity), at index 2 * state + parity."""

QUANTIZER = np.array([*FOUR_QUANTIZER, *EIGHT_QUANTIZER, 0], dtype=np.uint8)
"""uint8 [13]: which grid the state uses."""

"""State machines of dependent quantization (SPEC.md, "Trellis").

Two interleaved grids, 2k and 2k - sign(k) in units of the step, and a state that each level's parity
moves on: trellis-coded quantization as in Marcellin and Fischer (1990) and, in this form, VVC and NNC.
"""

FOUR_NEXT = ((0, 2), (2, 0), (1, 3), (3, 1))
"""State after each state, by parity."""
FOUR_QUANTIZER = (0, 0, 1, 1)
"""Which grid each state uses."""
EIGHT_NEXT = ((0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5))
EIGHT_QUANTIZER = (0, 1, 0, 1, 0, 1, 0, 1)

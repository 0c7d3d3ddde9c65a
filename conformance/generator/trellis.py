"""State machines of dependent quantization (SPEC.md, clause 9.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NEXT: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 2), (2, 0), (1, 3), (3, 1)),
    2: ((0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5)),
    3: tuple((h, h ^ 33) for s in range(128) for h in (s >> 1 ^ (83 if s & 1 else 0),)),
}
QUANTIZER = {1: (0, 0, 1, 1), 2: (0, 1, 0, 1, 0, 1, 0, 1), 3: (0, 1) * 64}
STATES = {1: 4, 2: 8, 3: 128}


class Trellis(NamedTuple):
    """Which machine, 1 for four states, 2 for eight and 3 for 128, and the length of a segment."""

    machine: int
    segment: int

    def quantizers(self, tokens: Sequence[int]) -> list[int]:
        """Return the quantizer bit of each token, or of each level: only the parity matters."""
        out = []
        state = 0
        for i, token in enumerate(tokens):
            state = state if i % self.segment else 0
            out.append(QUANTIZER[self.machine][state])
            state = NEXT[self.machine][state][token & 1]
        return out

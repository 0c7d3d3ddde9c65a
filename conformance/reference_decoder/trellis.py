"""Clause 9.7: the state machines of dependent quantization."""

from __future__ import annotations

from dataclasses import dataclass

#: next(s, 0), next(s, 1) for each state s
FOUR_STATES = ((0, 2), (2, 0), (1, 3), (3, 1))
EIGHT_STATES = ((0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5))
#: q(s) for each state s
FOUR_QUANTIZERS = (0, 0, 1, 1)
EIGHT_QUANTIZERS = (0, 1, 0, 1, 0, 1, 0, 1)
MANY_STATES = tuple(((s >> 1) ^ 83 * (s & 1), (s >> 1) ^ 83 * (s & 1) ^ 33) for s in range(128))
MANY_QUANTIZERS = tuple(s & 1 for s in range(128))


@dataclass(frozen=True, slots=True)
class Trellis:
    """The trellis rules of an integer block: a state machine, started anew in each segment of T tokens."""

    next: tuple[tuple[int, int], ...]
    q: tuple[int, ...]
    segment: int


def make_trellis(kind: int, segment: int) -> Trellis:
    """The trellis for bits 0-1 of the flags of tool uniform: 1 four states, 2 eight states, 3 128 states."""
    if kind == 1:
        return Trellis(FOUR_STATES, FOUR_QUANTIZERS, segment)
    if kind == 2:
        return Trellis(EIGHT_STATES, EIGHT_QUANTIZERS, segment)
    return Trellis(MANY_STATES, MANY_QUANTIZERS, segment)

"""Streams of rANS: what is encoded, what it becomes, and how many lanes it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.memory import rans_memory
from nntc.format.rans import MAX_LANES, MAX_STEPS
from nntc.format.tables import FrequencyTable

TOKENS_PER_LANE = 2048
"""A lane costs about three bytes: this keeps that below half a percent and still gives many lanes."""
LANE_MEMORY = 1 << 15
"""Bytes that a decoder should need for the lanes of a run at most: more of them make it hardly faster."""
_VECTOR = 16
"""Lanes that a vector instruction decodes together, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class EncoderStream:
    """Tokens and the tables they are coded with.

    Parameters
    ----------
    tokens
        uint8 [count] in coded order.
    numbers
        uint16 [count] table of each token, an index into `tables`; None where all use table 0.
    segment, lanes
        Tokens in a row that share a lane; number of lanes.
    """

    tokens: NDArray[np.uint8]
    numbers: NDArray[np.uint16] | None
    tables: Sequence[FrequencyTable]
    segment: int
    lanes: int

    @property
    def rounds(self) -> int:
        """Segments in the busiest lane."""
        return -(-self.tokens.size // (self.segment * self.lanes))

    @property
    def steps(self) -> int:
        """Tokens in the busiest lane."""
        return self.rounds * self.segment


@dataclass(frozen=True, slots=True, eq=False)
class EncodedStream:
    """Initial decoder states, uint32 [lanes], and words, uint16."""

    states: NDArray[np.uint32]
    words: NDArray[np.uint16]


def choose_lanes(count: int, segment: int = 1, memory: int = LANE_MEMORY) -> int:
    """Return a lane count for `count` tokens in segments of `segment`: if there are many, they fill vectors.

    No more of them are chosen than go into `memory` bytes of a decoder, unless there must be.
    """
    segments = -(-count // segment)
    least = -(-segments // (MAX_STEPS // segment))
    rounds = max(1, round(TOKENS_PER_LANE / segment))
    most = memory // rans_memory(0, 1, segment, count)
    lanes = max(least, min(-(-segments // rounds), most))
    if lanes > _VECTOR:
        lanes = min(_VECTOR * max(-(-least // _VECTOR), round(lanes / _VECTOR)), segments)
    return min(lanes, MAX_LANES)

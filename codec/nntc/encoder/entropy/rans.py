"""Streams of rANS: what is encoded, what it becomes, and how many lanes it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.rans import MAX_LANES, MAX_STEPS
from nntc.format.tables import FrequencyTable

TOKENS_PER_LANE = 2048
"""A lane costs about three bytes: this keeps that below half a percent and still gives many lanes."""


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


def choose_lanes(count: int, segment: int = 1) -> int:
    """Return a lane count for `count` tokens in segments of `segment`."""
    segments = -(-count // segment)
    least = -(-segments // (MAX_STEPS // segment))
    rounds = max(1, round(TOKENS_PER_LANE / segment))
    return min(max(least, -(-segments // rounds)), MAX_LANES)

"""Streams of rANS: what is parsed of one before decoding, and its tokens after it.

Implements SPEC.md 8.6 and 9.4 (R-511).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis


@dataclass(frozen=True, slots=True, eq=False)
class RansStream:
    """One parsed, not yet decoded stream.

    Parameters
    ----------
    count
        Number of tokens.
    segment
        Tokens in a row that share a lane; the trellis starts anew with each segment.
    tables, base, used
        Table `base + t` of `tables` serves table number t, below `used`.
    contexts
        uint8 [count] context of every token in coded order, or None where there is one context.
    states, words
        Initial lane states, uint32 [lanes]; words, uint16.
    offset
        Where in the file the stream begins, for errors.
    """

    count: int
    segment: int
    trellis: Trellis
    tables: Sequence[FrequencyTable]
    base: int
    used: int
    contexts: NDArray[np.uint8] | None
    states: NDArray[np.uint32]
    words: NDArray[np.uint16]
    offset: int

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self.states.size

    @property
    def rounds(self) -> int:
        """Segments in the busiest lane."""
        return -(-self.count // (self.segment * self.lanes))

    @property
    def steps(self) -> int:
        """Tokens in the busiest lane, idle ends of the last round included."""
        return self.rounds * self.segment


@dataclass(frozen=True, slots=True, eq=False)
class DependentTokens:
    """Decoded tokens of a stream with trellis: indices of what an index stands for.

    Parameters
    ----------
    rows
        uint16 or uint32 [rounds, lanes, segment], strided: what each token was looked up as.
    count
        Number of tokens.
    first
        What `tokens` and `quantizers` begin with.
    tokens
        uint8.
    quantizers
        uint8: quantizer bit of the state that the token was decoded in.
    """

    rows: NDArray[Any]
    count: int
    first: int
    tokens: NDArray[np.uint8]
    quantizers: NDArray[np.uint8]

    def indices(self) -> NDArray[Any]:
        """Return the index of every token in coded order, rank 1."""
        if not self.first and self.rows.flags.c_contiguous:
            return self.rows.reshape(-1)[: self.count]
        coded: NDArray[Any] = np.subtract(self.rows, self.rows.dtype.type(self.first), order="C")
        return coded.reshape(-1)[: self.count]

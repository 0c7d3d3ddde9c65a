"""Interleaved rANS encoding, many streams in lockstep: the mirror of `nntc.decoder.entropy.rans`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.rans import FREQUENCY_BITS, FREQUENCY_TOTAL, MAX_LANES, MAX_STEPS, STATE_LOW
from nntc.format.tables import FrequencyTable

TOKENS_PER_LANE = 2048
"""A lane costs about three bytes: this keeps that below half a percent and still gives many lanes."""
_GROUP_TOKENS = 1 << 23


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


def encode_streams(streams: Sequence[EncoderStream]) -> list[EncodedStream]:
    """Encode streams, together for speed; the grouping never shows in the result.

    Every token must have a frequency in its table.
    """
    order = sorted(range(len(streams)), key=lambda i: -streams[i].steps)
    results: dict[int, EncodedStream] = {}
    group: list[int] = []
    lanes = 0
    for i in order:
        padded = streams[group[0]].steps * (lanes + streams[i].lanes) if group else 0
        if padded > _GROUP_TOKENS:
            results.update(zip(group, _encode_group([streams[k] for k in group]), strict=True))
            group, lanes = [], 0
        group.append(i)
        lanes += streams[i].lanes
    if group:
        results.update(zip(group, _encode_group([streams[k] for k in group]), strict=True))
    return [results[i] for i in range(len(streams))]


def _encode_group(streams: list[EncoderStream]) -> list[EncodedStream]:
    """Encode streams side by side, last step first."""
    starts = np.cumsum([0, *(s.lanes for s in streams)])
    shape = (streams[0].steps, int(starts[-1]))
    # Per step and lane an index into frequencies and starts; 0 is the idle entry, which leaves a state alone.
    frequencies = [np.array([FREQUENCY_TOTAL])]
    begins = [np.array([0])]
    offset = 1
    places: dict[int, int] = {}
    entries = np.zeros(shape, np.int32)
    for s, lane in zip(streams, starts, strict=False):
        if id(s.tables) not in places:
            places[id(s.tables)] = offset
            for table in s.tables:
                dense = np.zeros(256, np.int64)
                dense[table.first : table.first + table.frequencies.size] = table.frequencies
                frequencies.append(dense)
                begins.append(np.cumsum(dense) - dense)
                offset += 256
        own = np.zeros(s.steps * s.lanes, np.int32)
        used = own[: s.tokens.size]
        if s.numbers is not None:
            used[:] = s.numbers
            used *= 256
        used += s.tokens
        used += places[id(s.tables)]
        arranged = own.reshape(s.rounds, s.lanes, s.segment).transpose(0, 2, 1).reshape(s.steps, s.lanes)
        entries[: s.steps, lane : lane + s.lanes] = arranged
    frequency_of, begin_of = np.concatenate(frequencies), np.concatenate(begins)
    x = np.full(shape[1], STATE_LOW, np.int64)
    spilled = np.empty(shape, np.bool_)
    words = np.empty(shape, np.uint16)
    for step in range(shape[0] - 1, -1, -1):
        f = frequency_of.take(entries[step])
        full = np.greater_equal(x, f << (32 - FREQUENCY_BITS), out=spilled[step])
        words[step] = x & 0xFFFF
        x = np.where(full, x >> 16, x)
        quotient = x // f
        x = (quotient << FREQUENCY_BITS) + (x - quotient * f) + begin_of.take(entries[step])
    encoded = []
    for s, lane in zip(streams, starts, strict=False):
        span = slice(int(lane), int(lane) + s.lanes)
        encoded.append(EncodedStream(x[span].astype(np.uint32), words[:, span][spilled[:, span]]))
    return encoded

"""Interleaved rANS encoding, many streams in lockstep: the mirror of `rans_decoding`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntc.encoder.entropy.rans import EncodedStream, EncoderStream
from nntc.format.rans import FREQUENCY_BITS, FREQUENCY_TOTAL, STATE_LOW

_GROUP_TOKENS = 1 << 23


def encode_rans(streams: Sequence[EncoderStream]) -> list[EncodedStream]:
    """Encode streams in lockstep; as `nntc.kernels.encoding.encode_rans`."""
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

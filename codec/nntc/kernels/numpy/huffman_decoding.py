"""Canonical Huffman codes in interleaved lanes, decoded (Han et al., 2016).

Implements SPEC.md 9.4 (R-510).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.format.huffman import MAX_LENGTH, in_code_order

_PREFIX = (1 << MAX_LENGTH) - 1
FEW_LANES = 100
"""Fewer are decoded one after the other."""


def decode_huffman(
    count: int, lengths: NDArray[np.uint8], lane_sizes: NDArray[np.int64], data: bytes
) -> NDArray[np.uint8] | None:
    """Decode a Huffman run; as `nntc.kernels.decoding.decode_huffman`."""
    tables = _prefix_tables(lengths)
    decode = _by_lanes if lane_sizes.size < FEW_LANES else _by_steps
    return decode(count, lane_sizes, data, *tables)


def _by_steps(
    count: int,
    lane_sizes: NDArray[np.int64],
    lane_data: bytes,
    token_at: NDArray[np.uint8],
    length_at: NDArray[np.uint8],
) -> NDArray[np.uint8] | None:
    """Decode a token of every lane at a time."""
    lanes = lane_sizes.size
    # Three spare bytes, so that a 24-bit window can be read at any position in bounds.
    data = np.frombuffer(lane_data + bytes(3), np.uint8)
    ends = np.cumsum(lane_sizes) * 8
    position = ends - lane_sizes * 8
    steps = -(-count // lanes)
    tokens = np.empty((steps, lanes), np.uint8)
    last = len(lane_data)
    for step in range(steps):
        live = min(lanes, count - step * lanes)
        at = position[:live]
        byte = np.minimum(at >> 3, last)
        window = data[byte].astype(np.int64) << 16 | data[byte + 1].astype(np.int64) << 8 | data[byte + 2]
        prefix = window >> (9 - (at & 7)) & _PREFIX
        tokens[step, :live] = token_at[prefix]
        position[:live] += length_at[prefix]
    left = ends - position
    padding = data[(ends >> 3) - 1] & ((1 << np.clip(left, 0, 7)) - 1)
    # Where no code begins, `position` stays before a bit that is one: of its lane, or of one after it.
    if np.any((left < 0) | (left > 7) | (padding != 0)):
        return None
    return tokens.reshape(-1)[:count]


def _by_lanes(
    count: int,
    lane_sizes: NDArray[np.int64],
    lane_data: bytes,
    token_at: NDArray[np.uint8],
    length_at: NDArray[np.uint8],
) -> NDArray[np.uint8] | None:
    """Decode one lane after the other: faster where lanes are few."""
    lanes = lane_sizes.size
    token_of, length_of = token_at.tobytes(), length_at.tobytes()
    tokens = np.empty(count, np.uint8)
    begin = 0
    for lane, size in enumerate(lane_sizes.tolist()):
        own = tokens[lane::lanes].size
        # Zeros after the lane: a code never is longer than two bytes.
        data = lane_data[begin : begin + size] + bytes(2 * own + 3)
        begin += size
        decoded = bytearray(own)
        at = 0
        for i in range(own):
            byte = at >> 3
            window = data[byte] << 16 | data[byte + 1] << 8 | data[byte + 2]
            prefix = window >> (9 - (at & 7)) & _PREFIX
            decoded[i] = token_of[prefix]
            at += length_of[prefix]
        left = 8 * size - at
        # Where no code begins, `at` stays before a bit that is one.
        if not 0 <= left <= 7 or (left and data[size - 1] & ((1 << left) - 1)):
            return None
        tokens[lane::lanes] = np.frombuffer(decoded, np.uint8)
    return tokens


def _prefix_tables(lengths: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return token and code length for every 15-bit prefix; length 0 where no code begins so."""
    tokens = np.zeros(1 << MAX_LENGTH, np.uint8)
    coded = np.zeros(1 << MAX_LENGTH, np.uint8)
    start = 0
    for token, length in in_code_order(lengths):
        end = start + (1 << (MAX_LENGTH - length))
        tokens[start:end] = token
        coded[start:end] = length
        start = end
    return tokens, coded

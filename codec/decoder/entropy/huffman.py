"""Canonical Huffman codes in interleaved lanes (SPEC.md, "Huffman"; Han et al., 2016)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import FormatError
from codec.format.layout import HUFFMAN_HEAD, LANES, VARINT, SectionStream, parse
from codec.format.registry import MAX_STEPS

MAX_LENGTH = 15


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanRun:
    """One run of Huffman-coded tokens.

    Parameters
    ----------
    count
        Number of tokens; token i is in lane i mod lanes.
    lengths
        uint8 [256] code length of each token, 0 where it has no code.
    lane_sizes
        int64 [lanes] bytes of each lane.
    data
        The lanes' bytes, back to back.
    offset
        Where in the file the symbol data begins.
    """

    count: int
    lengths: NDArray[np.uint8]
    lane_sizes: NDArray[np.int64]
    data: bytes
    offset: int

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]; E_ENTROPY if a lane's bits do not end as they must."""
        token_at, length_at = _prefix_tables(self.lengths)
        lanes = self.lane_sizes.size
        # Three spare bytes, so that a 24-bit window can be read at any position in bounds.
        data = np.frombuffer(self.data + bytes(3), np.uint8).astype(np.int64)
        ends = np.cumsum(self.lane_sizes) * 8
        position = ends - self.lane_sizes * 8
        steps = -(-self.count // lanes)
        tokens = np.empty((steps, lanes), np.uint8)
        last = len(self.data)
        for step in range(steps):
            live = min(lanes, self.count - step * lanes)
            at = position[:live]
            byte = np.minimum(at >> 3, last)
            window = data[byte] << 16 | data[byte + 1] << 8 | data[byte + 2]
            prefix = window >> (9 - (at & 7)) & ((1 << MAX_LENGTH) - 1)
            tokens[step, :live] = token_at[prefix]
            position[:live] += length_at[prefix]
            if np.any(length_at[prefix] == 0):
                raise FormatError("E_ENTROPY", "no such Huffman code", self.offset)
        left = ends - position
        padding = data[np.maximum((ends >> 3) - 1, 0)] & ((1 << np.clip(left, 0, 7)) - 1)
        if np.any(left < 0) or np.any(left > 7) or np.any((padding != 0) & (left > 0)):
            raise FormatError("E_ENTROPY", "Huffman lane does not end as it must", self.offset)
        return tokens.reshape(-1)[: self.count]


def read_huffman(stream: SectionStream, count: int) -> HuffmanRun:
    """Parse Huffman symbol data of `count` tokens; E_TABLE for an incomplete or oversubscribed code."""
    offset = stream.at()
    head = parse(HUFFMAN_HEAD, stream)
    number = head.last_index + 1
    nibbles = np.frombuffer(stream.take((number + 1) // 2, "code lengths"), np.uint8)
    own = np.stack([nibbles & 15, nibbles >> 4], axis=1).ravel()
    lengths = np.zeros(256, np.uint8)
    if head.first + number > 256 or own[0] == 0 or own[number - 1] == 0 or np.any(own[number:]):
        raise FormatError("E_TABLE", "code lengths are out of range", offset)
    lengths[head.first : head.first + number] = own[:number]
    kraft = int(np.sum((1 << MAX_LENGTH) >> own[own > 0].astype(np.int64)))
    single = number == 1 and own[0] == 1
    if kraft != 1 << MAX_LENGTH and not single:
        raise FormatError("E_TABLE", "Huffman code is not complete", offset)
    at = stream.at()
    lanes = parse(LANES, stream)
    if lanes > count or count > lanes * MAX_STEPS:
        raise FormatError("E_LIMIT", "lane count does not fit the token count", at)
    sizes = np.array([parse(VARINT, stream) for _ in range(lanes)], np.int64)
    return HuffmanRun(count, lengths, sizes, stream.take(int(sizes.sum()), "Huffman lanes"), offset)


def _prefix_tables(lengths: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return token and code length for every 15-bit prefix; length 0 where no code begins so."""
    tokens = np.zeros(1 << MAX_LENGTH, np.uint8)
    coded = np.zeros(1 << MAX_LENGTH, np.int64)
    start = 0
    for length in range(1, MAX_LENGTH + 1):
        for token in np.flatnonzero(lengths == length):
            end = start + (1 << (MAX_LENGTH - length))
            tokens[start:end] = token
            coded[start:end] = length
            start = end
    return tokens, coded

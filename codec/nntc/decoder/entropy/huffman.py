"""Canonical Huffman codes in interleaved lanes, decoded (Han et al., 2016).

Implements SPEC.md 8.5 and 9.4 (R-510).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.runs import RunRequest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.huffman import HUFFMAN_LANES, MAX_LENGTH, in_code_order, read_code_lengths
from nntc.format.memory import huffman_memory
from nntc.format.registry import Coder

_PREFIX = (1 << MAX_LENGTH) - 1
FEW_LANES = 100
"""Fewer are decoded one after the other."""


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

    coder: ClassVar = Coder.HUFFMAN

    @property
    def memory(self) -> int:
        """Bytes of working memory that it needs."""
        return huffman_memory(self.lane_sizes.size)

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]; E_ENTROPY if a lane's bits do not end as they must."""
        tables = _prefix_tables(self.lengths)
        tokens = self._by_lanes(*tables) if self.lane_sizes.size < FEW_LANES else self._by_steps(*tables)
        if tokens is None:
            raise FormatError("E_ENTROPY", "Huffman lane does not end as it must", self.offset)
        return tokens

    def _by_steps(
        self, token_at: NDArray[np.uint8], length_at: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        """Decode a token of every lane at a time."""
        lanes = self.lane_sizes.size
        # Three spare bytes, so that a 24-bit window can be read at any position in bounds.
        data = np.frombuffer(self.data + bytes(3), np.uint8)
        ends = np.cumsum(self.lane_sizes) * 8
        position = ends - self.lane_sizes * 8
        steps = -(-self.count // lanes)
        tokens = np.empty((steps, lanes), np.uint8)
        last = len(self.data)
        for step in range(steps):
            live = min(lanes, self.count - step * lanes)
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
        return tokens.reshape(-1)[: self.count]

    def _by_lanes(
        self, token_at: NDArray[np.uint8], length_at: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        """Decode one lane after the other: faster where lanes are few."""
        lanes = self.lane_sizes.size
        token_of, length_of = token_at.tobytes(), length_at.tobytes()
        tokens = np.empty(self.count, np.uint8)
        begin = 0
        for lane, size in enumerate(self.lane_sizes.tolist()):
            count = tokens[lane::lanes].size
            # Zeros after the lane: a code never is longer than two bytes.
            data = self.data[begin : begin + size] + bytes(2 * count + 3)
            begin += size
            decoded = bytearray(count)
            at = 0
            for i in range(count):
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


def read_huffman(stream: SectionStream, request: RunRequest) -> HuffmanRun:
    """Parse Huffman symbol data; E_TABLE for an incomplete or oversubscribed code."""
    offset = stream.at()
    lengths = read_code_lengths(stream)
    sizes = HUFFMAN_LANES.read(stream, count=request.count).lane_length
    # Summed as Python integers, which cannot wrap around.
    data = stream.take(sum(sizes.tolist()), "Huffman lanes")
    return HuffmanRun(request.count, lengths, sizes, data, offset)


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

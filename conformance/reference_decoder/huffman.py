"""Clause 8.5 (syntax, codes) and the part of clause 9.4 on Huffman tokens."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader
from .coding import Tokens
from .errors import NntcError


@dataclass(frozen=True, slots=True)
class Huffman:
    """Huffman symbol data of n tokens."""

    offset: int
    n: int
    codes: dict[int, int]
    lanes: list[memoryview]

    def decode(self) -> Tokens:
        """Token i is in lane i mod lanes."""
        tokens = bytearray(self.n)
        for number, lane in enumerate(self.lanes):
            self._decode_lane(number, lane, tokens)
        return Tokens(tokens)

    def _decode_lane(self, number: int, lane: memoryview, tokens: bytearray) -> None:
        """The process of clause 9.4 for one lane [R-510]."""
        bit = 0  # number of bits taken
        for i in range(number, self.n, len(self.lanes)):
            code = 1  # a 1, then the bits taken for this token
            while code not in self.codes:
                if bit == 8 * len(lane) or code >= 1 << 15:
                    raise NntcError("E_ENTROPY", self.offset, "lane runs out, or no code")
                code = code << 1 | (lane[bit >> 3] >> (7 - (bit & 7)) & 1)
                bit += 1
            tokens[i] = self.codes[code]
        left = 8 * len(lane) - bit
        if left >= 8 or (left > 0 and lane[len(lane) - 1] & ((1 << left) - 1)):
            raise NntcError("E_ENTROPY", self.offset, "bits left in a lane")


def canonical_codes(first: int, lengths: list[int]) -> dict[int, int]:
    """The tokens by their codes (clause 8.5); a code has a 1 in front, to show its length."""
    codes: dict[int, int] = {}
    code = 0
    previous = 0
    for length in range(1, 16):
        for index, own in enumerate(lengths):
            if own == length:
                code <<= length - previous
                previous = length
                codes[1 << length | code] = first + index
                code += 1
    return codes


def read_huffman(reader: Reader, n: int) -> Huffman:
    """Clause 8.5. The code description is read, then checked, and E_TABLE reported at its first byte."""
    offset = reader.here()
    first = reader.u8()
    last_index = reader.u8()
    count = last_index + 1
    packed = reader.take((count + 1) // 2)
    lengths = [packed[i // 2] >> (4 * (i % 2)) & 15 for i in range(count)]
    reader.require(first + last_index <= 255, "E_TABLE", "tokens above 255", at=offset)
    reader.require(count % 2 == 0 or packed[-1] < 16, "E_TABLE", "unused bits", at=offset)
    reader.require(lengths[0] > 0 and lengths[-1] > 0, "E_TABLE", "begins or ends with 0", at=offset)
    kraft = sum(1 << (15 - length) for length in lengths if length > 0)  # in units of 2^-15
    complete = lengths == [1] if count == 1 else kraft == 1 << 15
    reader.require(complete, "E_TABLE", "code is not complete", at=offset)

    lanes = reader.varint()
    reader.require(1 <= lanes <= 65536 and lanes <= n <= 8192 * lanes, "E_LIMIT", "lanes")
    sizes = [reader.varint() for _ in range(lanes)]
    data = reader.take(sum(sizes))  # all lanes together are one field
    pieces: list[memoryview] = []
    at = 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return Huffman(offset, n, canonical_codes(first, lengths), pieces)

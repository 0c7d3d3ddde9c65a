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
from nntc.format.huffman import HUFFMAN_LANES, read_code_lengths
from nntc.format.memory import huffman_memory
from nntc.format.registry import Coder
from nntc.kernels.decoding import decode_huffman


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
        tokens = decode_huffman(self.count, self.lengths, self.lane_sizes, self.data)
        if tokens is None:
            raise FormatError("E_ENTROPY", "Huffman lane does not end as it must", self.offset)
        return tokens


def read_huffman(stream: SectionStream, request: RunRequest) -> HuffmanRun:
    """Parse Huffman symbol data; E_TABLE for an incomplete or oversubscribed code."""
    offset = stream.at()
    lengths = read_code_lengths(stream)
    sizes = HUFFMAN_LANES.read(stream, count=request.count).lane_length
    # Summed as Python integers, which cannot wrap around.
    data = stream.take(sum(sizes.tolist()), "Huffman lanes")
    return HuffmanRun(request.count, lengths, sizes, data, offset)

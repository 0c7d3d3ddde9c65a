"""Canonical Huffman codes in interleaved lanes, written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def encode_huffman(
    tokens: NDArray[np.uint8], lengths: NDArray[np.uint8], codes: NDArray[np.uint16], lanes: int
) -> list[bytes]:
    """Write the lanes of a run; as `nntc.kernels.encoding.encode_huffman`."""
    return [_lane(tokens[lane::lanes], lengths, codes) for lane in range(lanes)]


def _lane(tokens: NDArray[np.uint8], lengths: NDArray[np.uint8], codes: NDArray[np.uint16]) -> bytes:
    """Return one lane's code words, most significant bit first, zero padded."""
    own = lengths[tokens].astype(np.int64)
    word = np.repeat(codes[tokens], own)
    # Bit number within its code word, counted down to zero.
    place = np.repeat(np.cumsum(own), own) - 1 - np.arange(own.sum())
    return np.packbits((word >> place.astype(np.uint16) & 1).astype(np.uint8)).tobytes()

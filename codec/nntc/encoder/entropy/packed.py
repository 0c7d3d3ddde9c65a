"""Tokens packed in as many bits as the largest needs (SPEC.md, "Packed")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.format.bits import pack
from nntc.format.symbols import PACKED_WIDTH


def write_packed(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize tokens, uint8, rank 1."""
    width = max(int(tokens.max()).bit_length(), 1)
    return PACKED_WIDTH.put(width) + pack(tokens, width)

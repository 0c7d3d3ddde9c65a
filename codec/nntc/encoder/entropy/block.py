"""Short runs of tokens, with the coder byte before them (SPEC.md, "Symbol blocks")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.compressed import write_zstd
from nntc.encoder.entropy.packed import write_packed
from nntc.format.registry import Coder
from nntc.format.symbols import CODER


def write_symbol_block(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize a short run: the smaller of packed and zstd.

    Both are decoded by a library at once; serial rANS over a few hundred tokens would not be.
    """
    packed = CODER.put(Coder.PACKED) + write_packed(tokens)
    compressed = CODER.put(Coder.ZSTD) + write_zstd(tokens)
    return min(packed, compressed, key=len)

"""Short runs of tokens, with the coder byte before them (SPEC.md, "Symbol blocks")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.huffman import write_huffman
from nntc.encoder.entropy.packed import write_packed
from nntc.format.registry import Coder
from nntc.format.symbols import CODER


def write_symbol_block(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize a short run: the smaller of packed and Huffman, which every decoder has.

    zstd would be some 0.05 % of a file smaller; a decoder without a library, and 256 KiB of memory for it,
    could not read the file then.
    """
    packed = CODER.put(Coder.PACKED) + write_packed(tokens)
    coded = CODER.put(Coder.HUFFMAN) + write_huffman(tokens)
    return min(packed, coded, key=len)

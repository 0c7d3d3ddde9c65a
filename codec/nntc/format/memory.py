"""Working memory: what a section-wise decoder needs for a TENSOR section.

Sums of bytes, each over the parts of a section; the parts know how many.

Implements SPEC.md 11.2 (R-110).
"""

from __future__ import annotations

MAX_WORKING_MEMORY = (1 << 32) - 1
"""Most that a header can state."""
SECTION_MEMORY = 1024
HUFFMAN_MEMORY = 1024
BZIP2_MEMORY = 1 << 22
ZSTD_MEMORY = 1 << 18
ROW_MEMORY = 8
"""For each row of a ragged view."""
PERIOD_MEMORY = 16
"""For each position of a transformed block."""
_TABLE, _LANE = 576, 16


def rans_memory(tables: int, lanes: int, segment: int, count: int) -> int:
    """Return the bytes for rANS symbol data of `count` tokens; `segment` is 1 without trellis."""
    return _TABLE * tables + lanes * (_LANE + min(segment, count))


def product_memory(rank: int, rows: int, columns: int) -> int:
    """Return the bytes for a product of two matrices: both, and the step codes between them."""
    return rank + 2 * rank * (rows + columns)


def huffman_memory(lanes: int) -> int:
    """Return the bytes for Huffman symbol data."""
    return HUFFMAN_MEMORY + _LANE * lanes

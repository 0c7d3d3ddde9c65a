"""Code points, element types and zstd frames, as samples have them."""

from __future__ import annotations

import zstandard

from conformance.reference_decoder.elements import ELEMENT_TYPES

PACKED, RANS, HUFFMAN, BZIP2, ZSTD = range(5)
CODERS = (PACKED, RANS, HUFFMAN, BZIP2, ZSTD)
PLANES, CODEBOOK, UNIFORM = range(3)
GRAPH, TABLES, TENSOR, NOTES = 1, 3, 4, 0x81
WIDTHS = {number: element.width for number, element in ELEMENT_TYPES.items()}
FLOATS = (8, 9, 10, 11)
INTEGERS = (5, 6)
EXACT = tuple(number for number in WIDTHS if number not in INTEGERS)


def zstd(data: bytes, level: int = 3, *, checksum: bool = False) -> bytes:
    """Return a zstd frame that declares its size."""
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=True).compress(
        data
    )

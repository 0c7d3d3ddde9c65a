"""Code points of the format; those that are not here are errors.

Implements SPEC.md 13, 14.3 and 14.4 (R-800).
"""

from __future__ import annotations

from enum import IntEnum

IGNORABLE = 0x80
LEADING = range(0x82, 0x90)
"""Ignorable section types that stand in front of GRAPH."""


class Profile(IntEnum):
    """Set of tools a decoder must have; each has all of those before it."""

    DEVICE = 0
    MAIN = 1
    FULL = 2


class SectionType(IntEnum):
    """Section types this version defines."""

    GRAPH = 1
    TABLES = 3
    TENSOR = 4
    NOTES = 0x81
    SIGNATURE = 0x82
    INDEX = 0x83


class Tool(IntEnum):
    """How a tensor's values are represented."""

    PLANES = 0
    CODEBOOK = 1
    UNIFORM = 2
    DIFFERENCE = 3


class Method(IntEnum):
    """How tool difference changes elements."""

    PLANES = 0
    UNIFORM = 1
    PRODUCT = 2


class ViewKind(IntEnum):
    """How a payload's elements are arranged as rows and columns."""

    MATRIX = 0
    TRANSPOSED = 1
    RAGGED = 2


class Coder(IntEnum):
    """Entropy coder of one run of tokens."""

    PACKED = 0
    RANS = 1
    HUFFMAN = 2
    BZIP2 = 3
    ZSTD = 4

    @property
    def profile(self) -> Profile:
        """The first profile that has it (SPEC.md 13)."""
        return _PROFILES[self]


class ElementType(IntEnum):
    """Element type of a payload; opaque ones are only ever coded exactly, integers by tool uniform alone."""

    OPAQUE1 = 0
    OPAQUE2 = 1
    OPAQUE4 = 2
    OPAQUE8 = 3
    OPAQUE16 = 4
    INT8 = 5
    UINT8 = 6
    FLOAT16 = 8
    BFLOAT16 = 9
    FLOAT32 = 10
    FLOAT64 = 11

    @property
    def width(self) -> int:
        """Bytes of one element."""
        return _WIDTHS[self]

    @property
    def is_float(self) -> bool:
        """Whether it is a floating-point type."""
        return self >= ElementType.FLOAT16

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer with arithmetic: the type of quantized weights."""
        return ElementType.INT8 <= self <= ElementType.UINT8


_PROFILES = {
    Coder.PACKED: Profile.DEVICE,
    Coder.RANS: Profile.DEVICE,
    Coder.HUFFMAN: Profile.DEVICE,
    Coder.BZIP2: Profile.FULL,
    Coder.ZSTD: Profile.MAIN,
}
_WIDTHS = {
    ElementType.OPAQUE1: 1,
    ElementType.OPAQUE2: 2,
    ElementType.OPAQUE4: 4,
    ElementType.OPAQUE8: 8,
    ElementType.OPAQUE16: 16,
    ElementType.INT8: 1,
    ElementType.UINT8: 1,
    ElementType.FLOAT16: 2,
    ElementType.BFLOAT16: 2,
    ElementType.FLOAT32: 4,
    ElementType.FLOAT64: 8,
}

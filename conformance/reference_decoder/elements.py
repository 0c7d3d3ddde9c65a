"""Clause 7.1: the element types."""

from __future__ import annotations

from typing import NamedTuple

from .rounding import BFLOAT16, FLOAT16, FLOAT32, INT8, UINT8, FloatFormat, IntegerFormat


class ElementType(NamedTuple):
    """A row of the table of element types (clause 7.1)."""

    name: str
    width: int
    is_float: bool = False
    format: FloatFormat | None = None
    integer: IntegerFormat | None = None

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the types that only tool uniform has."""
        return self.integer is not None


ELEMENT_TYPES = {
    0: ElementType("opaque1", 1),
    1: ElementType("opaque2", 2),
    2: ElementType("opaque4", 4),
    3: ElementType("opaque8", 8),
    4: ElementType("opaque16", 16),
    5: ElementType("int8", 1, integer=INT8),
    6: ElementType("uint8", 1, integer=UINT8),
    8: ElementType("float16", 2, True, FLOAT16),
    9: ElementType("bfloat16", 2, True, BFLOAT16),
    10: ElementType("float32", 4, True, FLOAT32),
    11: ElementType("float64", 8, True),
}

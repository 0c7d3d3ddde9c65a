"""Clause 7: TENSOR sections. ``read_record`` is phase 2 of clause 9.3; the tools do phases 3 to 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .bits import Reader
from .coding import Setting
from .container import Entry, Header
from .exact_tools import Codebook, Planes, read_codebook, read_planes
from .rounding import BFLOAT16, FLOAT16, FLOAT32, FloatFormat
from .tables import Table
from .uniform import Uniform, read_uniform
from .views import MatrixView, View, read_view

PLANES, CODEBOOK, UNIFORM = 0, 1, 2


class ElementType(NamedTuple):
    """A row of the table of element types (clause 7.1)."""

    name: str
    width: int
    is_float: bool = False
    format: FloatFormat | None = None


ELEMENT_TYPES = {
    0: ElementType("opaque1", 1),
    1: ElementType("opaque2", 2),
    2: ElementType("opaque4", 4),
    3: ElementType("opaque8", 8),
    4: ElementType("opaque16", 16),
    8: ElementType("float16", 2, True, FLOAT16),
    9: ElementType("bfloat16", 2, True, BFLOAT16),
    10: ElementType("float32", 4, True, FLOAT32),
    11: ElementType("float64", 8, True),
}


@dataclass(slots=True)
class Record:
    """A TENSOR section that has been read to its end, with no token decoded."""

    element: ElementType
    view: View
    tool: Planes | Codebook | Uniform
    need: int

    def part_sizes(self) -> list[int]:
        """Bytes of each part (clause 7.2)."""
        return self.view.part_sizes(self.element.width)

    def payload(self) -> bytearray:
        """Phases 3 to 5: the payload."""
        return self.view.to_payload(self.tool.elements(), self.element.width)


def read_record(data: bytes, entry: Entry, header: Header, shared: list[Table]) -> Record:
    """Clause 7.1, and the tool fields; then E_TRAILING."""
    reader = Reader(data, entry.start)
    tool_and_type = reader.u8()
    tool = tool_and_type >> 4
    element = ELEMENT_TYPES.get(tool_and_type & 15)
    reader.require(tool <= UNIFORM, "E_UNSUPPORTED", "tool")
    reader.require(element is not None, "E_RESERVED", "element type")
    assert element is not None
    goes = (
        tool == PLANES or (tool == CODEBOOK and element.width <= 8) or (tool == UNIFORM and element.is_float)
    )
    reader.require(goes, "E_TYPE", "element type does not go with the tool")
    view = read_view(reader, element.width, entry.output)
    setting = Setting(header.profile, shared, view)
    fields: Planes | Codebook | Uniform
    if tool == PLANES:
        fields = read_planes(reader, element.width, element.is_float, setting)
    elif tool == CODEBOOK:
        fields = read_codebook(reader, element.width, setting)
    else:
        fields = read_uniform(reader, element.format, element.width, setting)
    reader.finish()
    rows = 8 * view.rows if view.ragged else 0
    moved = entry.output if isinstance(view, MatrixView) and view.transposed else 0
    need = sum(setting.needs) + rows + moved
    reader.require(need <= header.working_memory, "E_LIMIT", "need of the section", at=entry.start)
    return Record(element, view, fields, need)

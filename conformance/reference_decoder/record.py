"""Clause 7: TENSOR sections. ``read_tensor`` is phase 2 of clause 9.3; the tools do phases 3 to 5."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Base
from .bits import Reader
from .coding import Setting
from .container import Entry, Header
from .difference import Difference, read_difference
from .elements import ELEMENT_TYPES, ElementType
from .exact_tools import Codebook, Planes, read_codebook, read_planes
from .tables import Table
from .uniform import Uniform, read_uniform
from .views import MatrixView, View, read_view

PLANES, CODEBOOK, UNIFORM, DIFFERENCE = 0, 1, 2, 3


@dataclass(slots=True)
class Record:
    """A record that has been read to its end, with no token decoded."""

    element: ElementType
    view: View
    tool: Planes | Codebook | Uniform | Difference

    def payload(self, before: bytearray | None) -> bytearray:
        """Phases 3 to 5: the payload; ``before`` is what the record before it has made."""
        width = self.element.width
        if not isinstance(self.tool, Difference):
            return self.view.to_payload(self.tool.elements(), width)
        if self.tool.reference is not None:
            before = self.tool.reference.payload(self.element)
        assert before is not None
        return self.view.to_payload(self.tool.changed(self.view.to_coded(before, width)), width)


@dataclass(slots=True)
class Tensor:
    """A TENSOR section that has been read to its end, with no token decoded: its records."""

    records: list[Record]
    need: int

    @property
    def ragged(self) -> bool:
        """Whether the first record has a ragged view: its parts are those of the section (clause 7.1)."""
        return self.records[0].view.ragged

    def part_sizes(self) -> list[int]:
        """Bytes of each part (clauses 7.1 and 7.2)."""
        return self.records[0].view.part_sizes(self.records[0].element.width)

    def payload(self) -> bytearray:
        """Phases 3 to 5 of each record in turn: the payload."""
        payload: bytearray | None = None
        for record in self.records:
            payload = record.payload(payload)
        assert payload is not None
        return payload


def read_tensor(data: bytes, entry: Entry, header: Header, shared: list[Table], base: Base) -> Tensor:
    """Clause 7.1: all records; then E_TRAILING."""
    reader = Reader(data, entry.start)
    needs = [1024]
    records: list[Record] = []
    while not records or (reader.left() > 0 and data[reader.pos] >> 4 == DIFFERENCE):
        records.append(_read_record(reader, entry, header, shared, base, needs, records))
    reader.finish()
    need = sum(needs) + (entry.output if len(records) > 1 else 0)
    reader.require(need <= header.working_memory, "E_LIMIT", "need of the section", at=entry.start)
    return Tensor(records, need)


def _read_record(
    reader: Reader,
    entry: Entry,
    header: Header,
    shared: list[Table],
    base: Base,
    needs: list[int],
    before: list[Record],
) -> Record:
    """A record: head, view and tool fields; ``before`` are those before it in the section."""
    tool_and_type = reader.u8()
    tool = tool_and_type >> 4
    element = ELEMENT_TYPES.get(tool_and_type & 15)
    reader.require(tool <= DIFFERENCE, "E_UNSUPPORTED", "tool")
    reader.require(element is not None, "E_RESERVED", "element type")
    assert element is not None
    if tool == UNIFORM:
        goes = element.is_float or element.is_integer
    else:
        goes = not element.is_integer and (tool == PLANES or element.width <= 8)
    reader.require(goes, "E_TYPE", "element type does not go with the tool")
    if not before:
        has_base = tool != DIFFERENCE or len(base.entries) > 0
        reader.require(has_base, "E_REFERENCE", "difference without a base")
    else:
        reader.require(len(before) <= 15, "E_LIMIT", "records of a section")
        reader.require(element == before[0].element, "E_TYPE", "element type of a later record")
    view = read_view(reader, element.width, entry.output)
    needs.append(8 * view.rows if view.ragged else 0)
    needs.append(entry.output if isinstance(view, MatrixView) and view.transposed else 0)
    setting = Setting(header.profile, shared, view, needs)
    fields: Planes | Codebook | Uniform | Difference
    if tool == PLANES:
        fields = read_planes(reader, element.width, element.is_float, setting)
    elif tool == CODEBOOK:
        fields = read_codebook(reader, element.width, setting)
    elif tool == UNIFORM:
        fields = read_uniform(reader, element.integer or element.format, element.width, setting)
    else:
        fields = read_difference(reader, element, setting, base if not before else None)
    return Record(element, view, fields)

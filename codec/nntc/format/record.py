"""Head of a TENSOR record: tool, element type and view.

Implements SPEC.md 7.1 and 7.2 (R-300 to R-306, R-310 to R-314).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nntc.format.fields import Layout, Named, VarInt, u8
from nntc.format.registry import ElementType, Tool, ViewKind
from nntc.format.varints import VarInts
from nntc.format.view import MAX_ELEMENTS, MAX_RAGGED_ROWS, View

# By number: asking an enum takes longer.
_TOOLS = {int(tool): tool for tool in Tool}
_ELEMENT_TYPES = {int(element): element for element in ElementType}
_VIEW_KINDS = frozenset(ViewKind)


MAX_RECORDS = 16
"""Records of a section."""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The fields as they are stored; those of the other kind of view are None."""

    tool_and_type: int
    view_kind: ViewKind
    rows: int
    channels: int | None
    period: int | None
    row_length: Iterable[int] | None

    @classmethod
    def of(cls, tool: Tool, element: ElementType, view: View) -> RecordHead:
        """Return the head of a record."""
        code = tool << 4 | element
        if view.kind is ViewKind.RAGGED:
            return cls(code, view.kind, view.rows, None, None, view.lengths)
        return cls(code, view.kind, view.rows, view.channels, view.period, None)

    @property
    def tool(self) -> Tool:
        """The tool."""
        return _TOOLS[self.tool_and_type >> 4]

    @property
    def element(self) -> ElementType:
        """The element type."""
        return _ELEMENT_TYPES[self.tool_and_type & 15]

    @property
    def view(self) -> View:
        """The view."""
        if self.row_length is not None:
            return View(self.view_kind, self.rows, lengths=tuple(map(int, self.row_length)))
        return View(self.view_kind, self.rows, self.channels or 1, self.period or 1)


def _goes_with_tool(code: int, *_: Named) -> bool:
    tool, element = code >> 4, _ELEMENT_TYPES[code & 15]
    if tool == Tool.UNIFORM:
        return element.is_float or element.is_integer
    return not element.is_integer and (element.width <= 8 or tool == Tool.PLANES)


def _has_a_base(code: int, _fields: Named, given: Named) -> bool:
    return given["first"] is not None or given["has_base"] or code >> 4 != Tool.DIFFERENCE


def _is_not_too_many(_code: int, _fields: Named, given: Named) -> bool:
    return bool(given["number"] < MAX_RECORDS)


def _is_like_the_first(code: int, _fields: Named, given: Named) -> bool:
    first: ElementType | None = given["first"]
    return first is None or code & 15 == first


def _is_matrix(fields: Named, _given: Named) -> bool:
    return fields["view_kind"] is not ViewKind.RAGGED


def _is_ragged(fields: Named, _given: Named) -> bool:
    return fields["view_kind"] is ViewKind.RAGGED


def _is_row_count(rows: int, fields: Named, _given: Named) -> bool:
    return 1 <= rows <= (MAX_ELEMENTS if fields["view_kind"] is not ViewKind.RAGGED else MAX_RAGGED_ROWS)


RECORD_HEAD = Layout(
    RecordHead,
    # Given: `number` of the record in its section, `first`, the element type of the first one, None for that
    # itself; `has_base`, whether the file is an update.
    tool_and_type=u8()
    .must("R-300", "E_UNSUPPORTED", "unknown tool", lambda v, *_: v >> 4 in _TOOLS)
    .must("R-301", "E_RESERVED", "unknown element type", lambda v, *_: v & 15 in _ELEMENT_TYPES)
    .must("R-302", "E_TYPE", "tool does not take the element type", _goes_with_tool)
    .must("R-304", "E_REFERENCE", "the file has no base", _has_a_base)
    .must("R-305", "E_LIMIT", "section has too many records", _is_not_too_many)
    .must("R-306", "E_TYPE", "records of a section have different element types", _is_like_the_first),
    view_kind=u8().must("R-303", "E_RESERVED", "view kind", lambda v, *_: v in _VIEW_KINDS).becomes(ViewKind),
    rows=VarInt().must("R-310 R-313", "E_LIMIT", "row count", _is_row_count),
    channels=VarInt().within("R-311", 1, MAX_ELEMENTS, "E_LIMIT", "channel count").when(_is_matrix),
    period=VarInt().within("R-312", 1, MAX_ELEMENTS, "E_LIMIT", "period").when(_is_matrix),
    row_length=VarInts(lambda fields, _: fields["rows"])
    .must("R-314", "E_LIMIT", "row length", lambda v, *_: (v >= 1) & (v <= MAX_ELEMENTS))
    .when(_is_ragged),
)

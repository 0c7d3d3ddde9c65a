"""TENSOR records: type, view and tool (SPEC.md, "TENSOR section")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.symbols import ParseContext, TokenRun, Tokens, decode_runs
from nntc.decoder.tensor.codebook import Codebook, read_codebook
from nntc.decoder.tensor.planes import Planes, read_planes
from nntc.decoder.tensor.uniform import Uniform, read_uniform
from nntc.errors import FormatError, UnsupportedError
from nntc.format import layout as f
from nntc.format.layout import SectionStream, parse
from nntc.format.registry import MAX_ELEMENTS, ElementType, Tool, ViewKind
from nntc.format.view import View

Payload = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TensorRecord:
    """A parsed TENSOR section."""

    element: ElementType
    tool: Tool
    view: View
    content: Planes | Codebook | Uniform

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return self.content.runs

    def part_ends(self) -> NDArray[np.int64]:
        """Return where in the payload each part ends, in bytes."""
        lengths = self.view.lengths if self.view.kind is ViewKind.RAGGED else (self.view.size,)
        return np.cumsum(lengths, dtype=np.int64) * self.element.width

    def payload(self, tokens: Sequence[Tokens | FormatError]) -> Payload:
        """Return the payload bytes, uint8, from the decoded `runs`; raises the first run's fault."""
        sound: list[Tokens] = []
        for result in tokens:
            if isinstance(result, FormatError):
                raise result
            sound.append(result)
        values = self.view.from_coded(self.content.values(sound))
        return np.ascontiguousarray(values).view(np.uint8)


def read_tensor(data: bytes, base: int, output: int, context: ParseContext) -> TensorRecord:
    """Parse a TENSOR section to its end.

    Parameters
    ----------
    data, base
        The section's bytes and its offset in the file.
    output
        Payload bytes that the directory declares.
    context
        Profile and shared tables.

    Raises
    ------
    FormatError
        For whatever is wrong with the syntax, at the first byte of the field.
    """
    stream = SectionStream(data, base)
    code = parse(f.TOOL_AND_TYPE, stream)
    if code >> 4 not in _TOOLS:
        raise UnsupportedError("E_UNSUPPORTED", f"unknown tensor tool {code >> 4}", base)
    if code & 15 not in _ELEMENT_TYPES:
        raise FormatError("E_RESERVED", f"unknown element type {code & 15}", base)
    tool, element = Tool(code >> 4), ElementType(code & 15)
    fits = {Tool.PLANES: True, Tool.CODEBOOK: element.width <= 8, Tool.UNIFORM: element.is_float}
    if not fits[tool]:
        raise FormatError("E_TYPE", f"tool {tool.name} does not take {element.name}", base)
    at = stream.at()
    view = _read_view(stream)
    if view.size > MAX_ELEMENTS:
        raise FormatError("E_LIMIT", "view has too many elements", at)
    if view.size * element.width != output:
        raise FormatError("E_SIZE", "view and directory differ on the payload's size", at)
    content = _READERS[tool](stream, element, view, context)
    stream.finish("TENSOR section")
    return TensorRecord(element, tool, view, content)


_TOOLS = frozenset(Tool)
_ELEMENT_TYPES = frozenset(ElementType)
_READERS: dict[Tool, Any] = {
    Tool.PLANES: read_planes,
    Tool.CODEBOOK: read_codebook,
    Tool.UNIFORM: read_uniform,
}


def _read_view(stream: SectionStream) -> View:
    kind = ViewKind(parse(f.VIEW_KIND, stream))
    if kind is not ViewKind.RAGGED:
        shape = parse(f.MATRIX_VIEW, stream)
        return View(kind, shape.rows, shape.channels, shape.period)
    rows = parse(f.RAGGED_ROWS, stream)
    lengths: list[int] = []
    for values, offsets in f.varints(stream, rows):
        f.require((values >= 1) & (values <= MAX_ELEMENTS), offsets, "E_LIMIT", "row length")
        lengths += values.tolist()
    return View(kind, rows, lengths=tuple(lengths))


def decode_records(records: Sequence[TensorRecord]) -> list[list[Tokens | FormatError]]:
    """Decode the tokens of several records together; faults stand in place of tokens."""
    results = iter(decode_runs([run for record in records for run in record.runs]))
    return [[next(results) for _ in record.runs] for record in records]

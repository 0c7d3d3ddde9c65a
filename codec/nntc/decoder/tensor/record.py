"""TENSOR records, parsed: type, view and tool.

Implements SPEC.md 7.1, 7.2 and 9.3 (R-315, R-316, R-503).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, Tokens
from nntc.decoder.entropy.symbols import decode_runs
from nntc.decoder.tensor.codebook import Codebook, read_codebook
from nntc.decoder.tensor.planes import Planes, read_planes
from nntc.decoder.tensor.uniform import Uniform, read_uniform
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.record import RECORD_HEAD
from nntc.format.registry import ElementType, Tool, ViewKind
from nntc.format.view import MAX_ELEMENTS, View

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
        if self.view.kind is not ViewKind.RAGGED:
            return np.array([self.view.size * self.element.width])
        return np.cumsum(self.view.lengths, dtype=np.int64) * self.element.width

    def payload(self, tokens: Sequence[Tokens | FormatError]) -> Payload:
        """Return the payload bytes, uint8, from the decoded `runs`; raises the first run's fault."""
        valid: list[Tokens] = []
        for result in tokens:
            if isinstance(result, FormatError):
                raise result
            valid.append(result)
        values = self.view.from_coded(self.content.values(valid))
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
    head = RECORD_HEAD.read(stream)
    element, tool, view = head.element, head.tool, head.view
    at = base + _VIEW_KIND
    if view.size > MAX_ELEMENTS:
        raise FormatError("E_LIMIT", "view has too many elements", at)
    if view.size * element.width != output:
        raise FormatError("E_SIZE", "view and directory differ on the payload's size", at)
    content = _READERS[tool](stream, element, view, context)
    stream.finish("TENSOR section")
    return TensorRecord(element, tool, view, content)


_VIEW_KIND = 1
"""Place of the field view_kind in a record."""
_READERS: dict[Tool, Any] = {
    Tool.PLANES: read_planes,
    Tool.CODEBOOK: read_codebook,
    Tool.UNIFORM: read_uniform,
}


def decode_records(records: Sequence[TensorRecord]) -> list[list[Tokens | FormatError]]:
    """Decode the tokens of several records together; faults stand in place of tokens."""
    results = iter(decode_runs([run for record in records for run in record.runs]))
    return [[next(results) for _ in record.runs] for record in records]

"""TENSOR records, parsed: type, view and tool.

Implements SPEC.md 7.1, 7.2, 9.3 and 11.2 (R-110, R-315, R-316, R-503, R-906).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import RansRun, TokenRun
from nntc.decoder.entropy.runs import ParseContext, Tokens
from nntc.decoder.entropy.symbols import decode_runs
from nntc.decoder.tensor.codebook import Codebook, read_codebook
from nntc.decoder.tensor.planes import Planes, read_planes
from nntc.decoder.tensor.uniform import Uniform, read_uniform
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.memory import ROW_MEMORY, SECTION_MEMORY
from nntc.format.record import RECORD_HEAD
from nntc.format.registry import Coder, ElementType, Profile, Tool, ViewKind
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

    @property
    def memory(self) -> int:
        """Bytes of working memory that a section-wise decoder needs for it (SPEC.md 11.2)."""
        rows = ROW_MEMORY * self.view.rows if self.view.kind is ViewKind.RAGGED else 0
        moved = self.view.size * self.element.width if self.view.kind is ViewKind.TRANSPOSED else 0
        return SECTION_MEMORY + rows + moved + self.content.memory + sum(run.memory for run in self.runs)

    @property
    def coders(self) -> set[Coder]:
        """The coders of all its symbol data, class lists included."""
        inner = [c for run in self.runs if isinstance(run, RansRun) for c in run.class_runs]
        return {run.coder for run in (*self.runs, *inner)}

    @property
    def profile(self) -> Profile:
        """The first profile that has its coders."""
        return max(coder.profile for coder in self.coders)

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
    record = TensorRecord(element, tool, view, content)
    if record.memory > context.working_memory:
        raise FormatError("E_LIMIT", "section needs more working memory than the header says", base)
    return record


_VIEW_KIND = 1
"""Place of the field view_kind in a record."""
_READERS: dict[Tool, Any] = {
    Tool.PLANES: read_planes,
    Tool.CODEBOOK: read_codebook,
    Tool.UNIFORM: read_uniform,
}


class WorkingMemory:
    """What records need in their order in the file: `most` is the least that a header may state [R-906].

    `ragged` is the bytes of all payloads of ragged views.
    """

    def __init__(self) -> None:
        self.most = self.ragged = 0

    def add(self, record: TensorRecord) -> None:
        """Add the next record; payloads of ragged views are kept beside all that come after them."""
        if record.view.kind is ViewKind.RAGGED:
            self.ragged += record.view.size * record.element.width
        self.most = max(self.most, self.ragged + record.memory)


def working_memory(records: Iterable[TensorRecord]) -> int:
    """Return what `WorkingMemory` comes to for all records of a file."""
    memory = WorkingMemory()
    for record in records:
        memory.add(record)
    return memory.most


def decode_records(records: Sequence[TensorRecord]) -> list[list[Tokens | FormatError]]:
    """Decode the tokens of several records together; faults stand in place of tokens."""
    results = iter(decode_runs([run for record in records for run in record.runs]))
    return [[next(results) for _ in record.runs] for record in records]

"""TENSOR records, parsed: type, view and tool.

Implements SPEC.md 7.1, 7.2, 9.3 and 11.2 (R-110, R-315, R-316, R-503, R-906).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.base import NO_BASE, Base
from nntc.decoder.entropy.contexts import RansRun, TokenRun
from nntc.decoder.entropy.runs import ParseContext, Tokens
from nntc.decoder.entropy.symbols import decode_runs
from nntc.decoder.tensor.codebook import Codebook, read_codebook
from nntc.decoder.tensor.difference import Difference, read_difference
from nntc.decoder.tensor.planes import Planes, read_planes
from nntc.decoder.tensor.uniform import Uniform, read_uniform
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.memory import ROW_MEMORY, SECTION_MEMORY
from nntc.format.record import RECORD_HEAD
from nntc.format.registry import Coder, ElementType, Profile, Tool, ViewKind
from nntc.format.view import MAX_ELEMENTS, View

Payload = NDArray[np.uint8]


Content = Planes | Codebook | Uniform | Difference


@dataclass(frozen=True, eq=False)
class TensorRecord:
    """A parsed TENSOR section: its first record, and those that change what it makes.

    Parameters
    ----------
    later
        The records after the first, for which this is empty.
    start
        Where in the file the first byte of this record is.
    """

    element: ElementType
    tool: Tool
    view: View
    content: Content
    later: tuple[TensorRecord, ...] = ()
    start: int = 0

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs of all records in stored order."""
        return [*self.content.runs, *(run for record in self.later for run in record.runs)]

    @cached_property
    def memory(self) -> int:
        """Bytes of working memory that a section-wise decoder needs for it (SPEC.md 11.2)."""
        kept = self.view.size * self.element.width if self.later else 0
        return SECTION_MEMORY + kept + self._own_memory + sum(record._own_memory for record in self.later)

    @property
    def _own_memory(self) -> int:
        rows = ROW_MEMORY * self.view.rows if self.view.kind is ViewKind.RAGGED else 0
        moved = self.view.size * self.element.width if self.view.kind is ViewKind.TRANSPOSED else 0
        return rows + moved + self.content.memory + sum(run.memory for run in self.content.runs)

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

    def payload(self, tokens: Sequence[Tokens | FormatError], base: Base = NO_BASE) -> Payload:
        """Return the payload bytes, uint8, from the decoded `runs`; raises the first record's first fault."""
        rest = iter(tokens)
        payload = self._made(rest, None, base)
        for record in self.later:
            payload = record._made(rest, payload, base)
        return payload

    def _made(self, rest: Iterator[Tokens | FormatError], before: Payload | None, base: Base) -> Payload:
        """Return the payload that this record makes from its own tokens and what the record before made."""
        valid: list[Tokens] = []
        for result in islice(rest, len(self.content.runs)):
            if isinstance(result, FormatError):
                raise result
            valid.append(result)
        if isinstance(self.content, Difference):
            values = self.content.values(valid, self._previous(self.content, before, base))
        else:
            values = self.content.values(valid)
        return np.ascontiguousarray(self.view.from_coded(values)).view(np.uint8)

    def _previous(self, content: Difference, before: Payload | None, base: Base) -> NDArray[Any]:
        """Return the bit patterns that a difference changes, rank 1, in coded order."""
        if content.base is not None:
            patterns = content.base.patterns(base, self.element, self.view)
        else:
            patterns = np.asarray(before).view(f"<u{self.element.width}")
        return self.view.to_coded(patterns)


def read_tensor(data: bytes, base: int, output: int, context: ParseContext) -> TensorRecord:
    """Parse a TENSOR section to its end.

    Parameters
    ----------
    data, base
        The section's bytes and its offset in the file.
    output
        Payload bytes that the directory declares.
    context
        Profile, shared tables, sizes of the base files.

    Raises
    ------
    FormatError
        For whatever is wrong with the syntax, at the first byte of the field.
    """
    stream = SectionStream(data, base)
    records = [_read_record(stream, output, context, [])]
    while stream.tell() < stream.size and data[stream.tell()] >> 4 == Tool.DIFFERENCE:
        records.append(_read_record(stream, output, context, records))
    stream.finish("TENSOR section")
    record = records[0]
    if len(records) > 1:
        record = replace(record, later=tuple(records[1:]))
    if record.memory > context.working_memory:
        raise FormatError("E_LIMIT", "section needs more working memory than the header says", base)
    return record


def _read_record(
    stream: SectionStream, output: int, context: ParseContext, before: Sequence[TensorRecord]
) -> TensorRecord:
    """Parse the next record of a section; `before` are those that were read."""
    start = stream.tell()
    first = before[0].element if before else None
    head = RECORD_HEAD.read(stream, number=len(before), first=first, has_base=bool(context.base_sizes))
    element, tool, view = head.element, head.tool, head.view
    at = stream.at(start + _VIEW_KIND)
    if view.size > MAX_ELEMENTS:
        raise FormatError("E_LIMIT", "view has too many elements", at)
    if view.size * element.width != output:
        raise FormatError("E_SIZE", "view and directory differ on the payload's size", at)
    content: Content
    if tool is Tool.DIFFERENCE:
        content = read_difference(stream, element, view, context, is_first=not before)
    else:
        content = _READERS[tool](stream, element, view, context)
    return TensorRecord(element, tool, view, content, start=stream.at(start))


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

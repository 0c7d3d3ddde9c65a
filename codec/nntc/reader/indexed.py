"""Tensors by a file's INDEX: names, shapes and arrays without reading the graph.

What the index cannot tell, and what it tells wrongly, is looked up in the graph.

Implements SPEC.md 6.7 (R-273, R-274).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from nntc.decoder.directory import Directory, read_section
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.payloads import read_parse_context, read_record
from nntc.decoder.tensor.record import TensorRecord
from nntc.errors import FormatError, ModelError
from nntc.format.index import IndexEntry
from nntc.format.registry import SectionType
from nntc.onnx.tensor import WireTensor, payload_length
from nntc.reader.index import Index, read_index
from nntc.reader.lazy import Data, LazyTensor
from nntc.reader.payloads import Payloads, prefetch_of
from nntc.reader.pieces import Piece
from nntc.sources.source import Source


def index_of(source: Source, directory: Directory) -> Index | None:
    """Return a file's index, None where it has none that fits the specification [R-273]."""
    for section in directory.others:
        if section.type == SectionType.INDEX:
            try:
                return read_index(read_section(source, section), len(directory.tensors))
            except FormatError:  # E_DIGEST
                return None
    return None


class Indexed:
    """Data of tensors, found by the index.

    Parameters
    ----------
    source, directory
        An open file and what its directory says.
    index
        See `index_of`.
    """

    def __init__(self, source: Source, directory: Directory, index: Index) -> None:
        self._source, self._directory = source, directory
        self._sections = directory.tensors
        parts = [1] * len(self._sections)
        for entry in index.values():
            for section in entry.sections:
                parts[section] = max(parts[section], 1 + entry.part)
        self._records: dict[int, list[int]] = {}  # ends of the parts of sections that have been read
        self._payloads = Payloads(self._sections, parts, self._record, prefetch_of(source))

    @cached_property
    def _context(self) -> ParseContext:
        return read_parse_context(self._source, self._directory)

    def _record(self, section: int) -> TensorRecord:
        try:
            record = read_record(self._source, self._sections[section], self._context)
        except FormatError as e:
            if e.id != "E_REFERENCE":
                raise
            raise FormatError("E_BASE", "an update: it needs its base", self._directory.graph.offset) from e
        self._records[section] = record.part_ends().tolist()
        return record

    def coded_bytes(self, entry: IndexEntry) -> float:
        """Return the bytes of the file that a tensor takes, if the index is right."""
        stored = [self._sections[section] for section in entry.sections]
        output = sum(section.output for section in stored)
        size = payload_length(entry.data_type, entry.dims) or output
        return sum(section.length for section in stored) * min(size / output, 1) if stored else 0.0

    def tool_name(self, entry: IndexEntry) -> str:
        """Return how the sections of a tensor are coded; raises FormatError."""
        records = (read_record(self._source, self._sections[s], self._context) for s in entry.sections)
        return "+".join(sorted({record.tool.name.lower() for record in records}))

    def data(self, entries: Sequence[IndexEntry]) -> Iterator[tuple[int, bytearray | None]]:
        """Yield the number of each entry and its data: None where the graph must be asked [R-274].

        Raises
        ------
        FormatError
            A section is at fault.
        """
        left = [len(entry.sections) for entry in entries]
        parts: list[list[memoryview | None]] = [[None] * count for count in left]
        wanted: dict[int, list[tuple[int, int]]] = {}  # by section: entries, and which of their parts it is
        for number, entry in enumerate(entries):
            if not entry.sections:
                yield number, None
            for place, section in enumerate(entry.sections):
                wanted.setdefault(section, []).append((number, place))
        for section, payload in self._payloads.several(wanted):
            for number, place in wanted.pop(section):
                parts[number][place] = self._part(section, entries[number].part, payload.data)
                left[number] -= 1
                if not left[number]:
                    yield number, _joined(entries[number], parts[number])
                    parts[number] = []

    def _part(self, section: int, part: int, payload: memoryview) -> memoryview | None:
        """Return a part of a section's payload, None if there is no such part."""
        ends = self._records.get(section) or self._record(section).part_ends().tolist()
        if part >= len(ends):
            return None
        return payload[ends[part - 1] if part else 0 : ends[part]]


def _joined(entry: IndexEntry, parts: Iterable[memoryview | None]) -> bytearray | None:
    data = bytearray()
    for part in parts:
        if part is None:
            return None
        data += part
    asked = payload_length(entry.data_type, entry.dims)
    return data if asked is None or len(data) == asked else None


class IndexedTensor(LazyTensor):
    """A tensor that the index names.

    Parameters
    ----------
    indexed, entry
        What the index says.
    same_as
        See `LazyTensor`.
    in_graph
        Returns the tensors of the graph by name, for what the index does not tell.
    """

    __slots__ = ("_entry", "_in_graph", "_indexed")

    def __init__(
        self,
        indexed: Indexed,
        name: str,
        entry: IndexEntry,
        same_as: str | None,
        in_graph: Callable[[], Mapping[str, LazyTensor]],
    ) -> None:
        coded = 0.0 if same_as else indexed.coded_bytes(entry)
        super().__init__(name, entry.data_type, entry.dims, coded, same_as)
        self._indexed, self._entry, self._in_graph = indexed, entry, in_graph

    @property
    def entry(self) -> IndexEntry:
        """What the index says of it."""
        return self._entry

    @property
    def in_graph(self) -> LazyTensor:
        """The tensor as the graph has it; ModelError, E_TENSOR, if that has none of the name."""
        found = self._in_graph().get(self.name)
        if found is None:
            raise ModelError("E_TENSOR", f"{self.name!r} is in the index and not in the graph")
        return found

    @property
    def wire(self) -> WireTensor:
        """What the model says of it; reads the graph."""
        return self.in_graph.wire

    @property
    def tool(self) -> str:
        """How it is coded."""
        return self._indexed.tool_name(self._entry) or self.in_graph.tool

    @property
    def error(self) -> float | None:
        """Relative error as noted by the encoder, or None; reads the graph."""
        return self.in_graph.error

    def noted_errors(self) -> list[tuple[Piece, float | None]]:
        """Return the parts that it is made of, and the error noted for each; reads the graph."""
        return self.in_graph.noted_errors()

    def data(self) -> Data:
        """Decode it into its bytes, or its strings; raises as `array`."""
        found = self._indexed_data()
        return self.in_graph.data() if found is None else found

    def array(self) -> NDArray[Any]:
        """Decode it: as the graph has it where the index does not tell; raises as `LazyTensor.array`."""
        found = self._indexed_data()
        return self.in_graph.array() if found is None else self.array_of(found)

    def _indexed_data(self) -> bytearray | None:
        ((_, data),) = self._indexed.data([self._entry])
        return data

"""Content of an open `.nntc` file, decoded in parts: only the sections that are needed are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.base import Base
from nntc.decoder.base_files import BaseFiles
from nntc.decoder.directory import Directory, read_section
from nntc.decoder.graph import Graph, graph_of
from nntc.decoder.payloads import read_parse_context, read_record
from nntc.decoder.tensor.record import TensorRecord
from nntc.errors import FormatError, ModelError
from nntc.format.registry import SectionType, Tool
from nntc.limits import NO_LIMITS, Deadline, Limits
from nntc.onnx.arrays import STRING
from nntc.onnx.model import find_tensors
from nntc.onnx.outline import outline
from nntc.onnx.protobuf import Read
from nntc.onnx.stored import Locator, stored_bytes, stored_strings
from nntc.onnx.tensor import WireTensor, payload_length
from nntc.reader.changes import Change, change_of
from nntc.reader.graph_bytes import GraphRead
from nntc.reader.notes import Notes, read_notes
from nntc.reader.payloads import Payloads, prefetch_of
from nntc.reader.pieces import FilePieces, Piece, lay_out
from nntc.sources.source import Source

_PAYLOAD = 64
"""Bytes from which data of a tensor is a payload; encoders leave smaller ones in the graph bytes."""


class Content:
    """Random access to what a file decodes to.

    Parameters
    ----------
    source, directory
        An open file and what its directory says.
    bases
        Files to find the base of an update among.
    limits
        What it may take to find tensors.
    """

    def __init__(
        self, source: Source, directory: Directory, bases: BaseFiles, limits: Limits = NO_LIMITS
    ) -> None:
        self._limits = limits
        self._source = source
        self._bases = bases
        self._directory = directory
        self._tensor_sections = directory.tensors
        self._tools: dict[int, Tool] = {}
        self._tool_names: dict[int, str] = {}
        self._changes: dict[int, Change] = {}
        self._part_ends: dict[int, NDArray[np.int64]] = {}

    @cached_property
    def graph(self) -> Graph:
        """What GRAPH says, read when it is first asked for; raises FormatError."""
        return graph_of(self._source, self._directory)

    def check_graph(self) -> None:
        """Read GRAPH and find the base; raises FormatError."""
        _ = self._base

    @cached_property
    def _base(self) -> Base:
        return self._bases.find(self.graph)

    @cached_property
    def _payloads(self) -> Payloads:
        used = self.graph.splices.used
        return Payloads(self._tensor_sections, used, self._record, prefetch_of(self._source), self._base)

    @cached_property
    def notes(self) -> Notes | None:
        """What the encoder noted, if it did."""
        for section in self._directory.others:
            if section.type == SectionType.NOTES:
                return read_notes(read_section(self._source, section), sum(self.graph.splices.used))
        return None

    def find_tensors(self) -> Iterator[WireTensor]:
        """Yield the tensors of the model file in its order."""
        deadline = Deadline(self._limits)
        tensors = find_tensors(self._graph_reader(), self._pieces[0].size)
        for number, tensor in enumerate(tensors, 1):
            self._limits.check("tensors", number, "tensors are in the graph")
            deadline.check()
            yield tensor

    def outline(self, tensors: Iterable[WireTensor]) -> bytes:
        """Return the model file without payloads of its tensors, which are those of `find_tensors`."""
        payloads = {w.offset: w.length for w in tensors if w.payload and w.length >= _PAYLOAD}
        return outline(self._graph_reader(), self._pieces[0].size, payloads)

    def section_tool(self, section: int) -> Tool:
        """Return the tool of TENSOR section number `section`; raises FormatError."""
        if section not in self._tools:
            self._record(section)
        return self._tools[section]

    def tool_name(self, section: int) -> str:
        """Return the name of its tool, such as planes, or base for no section; raises FormatError."""
        if section < 0:
            return "base"
        name = self._tool_names.get(section)
        if name is None:
            name = self._tool_names[section] = self.section_tool(section).name.lower()
        return name

    def section_change(self, section: int) -> Change:
        """Return how TENSOR section number `section` comes from the base of an update; raises FormatError."""
        if section not in self._changes:
            self._record(section)
        return self._changes[section]

    def piece_cost(self, piece: Piece) -> float:
        """Return the bytes of the file that a part of a TENSOR section takes; the base has none."""
        if piece.section < 0:
            return 0.0
        stored = self._tensor_sections[piece.section]
        return stored.length * piece.length / stored.output

    def part_error(self, section: int, part: int) -> float | None:
        """Return the relative error of a part of a TENSOR section as noted, None where it is not known."""
        if section < 0:
            return None
        if self.notes is None:  # a file that loses nothing has none
            return 0.0 if self.section_tool(section) is Tool.PLANES else None
        return self.notes.errors[self._first_parts[section] + part]

    def tensors_data(self, wires: Sequence[WireTensor]) -> list[bytes | bytearray | list[bytes]]:
        """Decode several tensors together; as `tensor_data` for each."""
        found: list[bytes | bytearray | list[bytes]] = []
        places: dict[int, list[tuple[bytearray, int, Piece]]] = {}  # by section: where its pieces belong
        for wire in wires:
            pieces = self.pieces_of(wire)
            if all(piece.section < 0 for piece in pieces):
                found.append(self.tensor_data(wire))
                continue
            _, offset, length = _place(wire, self._file_numbers)
            data = bytearray(length)
            found.append(data)
            for piece in pieces:
                if piece.section >= 0:
                    places.setdefault(piece.section, []).append((data, offset, piece))
                else:
                    self._fill(data, offset, piece)
        for section, payload in self._payloads.several(places):
            for data, offset, piece in places.pop(section):
                start, end = self._part_span(section, piece.part)
                self._copy(data, offset, piece, payload.data[start:end])
        return found

    def tensor_data(self, wire: WireTensor) -> bytes | bytearray | list[bytes]:
        """Decode a tensor's bytes, little-endian, or its strings."""
        if wire.external or wire.payload:
            return self._content(*_place(wire, self._file_numbers))
        spans = self._locator.spans(wire.path)

        def read(offset: int, length: int) -> bytes:
            return bytes(self._content(0, offset, length))

        if wire.data_type == STRING:
            return stored_strings(read, spans)
        return stored_bytes(read, spans, wire.data_type)

    @cached_property
    def _parse_context(self) -> Any:
        return read_parse_context(self._source, self._directory, self.graph.bases)

    def _part_span(self, section: int, part: int) -> tuple[int, int]:
        """Return where a part begins and ends in the payload of its section, in bytes."""
        if self.graph.splices.used[section] == 1:
            return 0, self._tensor_sections[section].output
        if section not in self._part_ends:
            self._part_ends[section] = self._record(section).part_ends()
        ends = self._part_ends[section]
        return int(ends[part - 1]) if part else 0, int(ends[part])

    def _part_size(self, section: int, part: int) -> int:
        start, end = self._part_span(section, part)
        return end - start

    @cached_property
    def _first_parts(self) -> list[int]:
        """For each section the number of parts before it."""
        return list(accumulate(self.graph.splices.used, initial=0))

    @cached_property
    def _pieces(self) -> list[FilePieces]:
        return lay_out(self.graph, self._part_size)

    @cached_property
    def _file_numbers(self) -> dict[str | None, int]:
        return {file.name: number for number, file in enumerate(self.graph.files)}

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self._graph_reader(), self._pieces[0].size)

    def _record(self, number: int) -> TensorRecord:
        """Read a record; FormatError also where it has not as many parts as are used."""
        record = read_record(self._source, self._tensor_sections[number], self._parse_context)
        self._tools[number] = record.tool
        self._changes[number] = change_of(record)
        if len(record.part_ends()) != self.graph.splices.used[number]:
            offset = self._tensor_sections[number].offset
            raise FormatError("E_SPLICE", "splices use another number of parts", offset)
        return record

    def _content(self, file: int, offset: int, length: int) -> bytearray:
        """Return bytes of an output file, decoding what has to be."""
        data = bytearray(length)
        for piece in self._pieces[file].within(offset, length):
            self._fill(data, offset, piece)
        return data

    def _fill(self, data: bytearray, offset: int, piece: Piece) -> None:
        """Put what a piece has of the bytes of a file that begin at `offset` there, decoded."""
        if piece.base is None:
            self._copy(data, offset, piece, self._piece_bytes(piece))
            return
        start, end = max(offset, piece.start), min(offset + len(data), piece.start + piece.length)
        data[start - offset : end - offset] = self._base.read(piece.base + start - piece.start, end - start)

    @staticmethod
    def _copy(data: bytearray, offset: int, piece: Piece, content: memoryview) -> None:
        """Copy what a piece has of the bytes of a file that begin at `offset`."""
        start, end = max(offset, piece.start), min(offset + len(data), piece.start + piece.length)
        data[start - offset : end - offset] = content[start - piece.start : end - piece.start]

    def _piece_bytes(self, piece: Piece) -> memoryview:
        if piece.skeleton is not None:
            return self.graph.skeleton[piece.skeleton : piece.skeleton + piece.length]
        start, end = self._part_span(piece.section, piece.part)
        return self._payloads.get(piece.section).data[start:end]

    def _graph_reader(self) -> Read:
        """Return a function that reads the model file where it is made of graph bytes."""
        return GraphRead(self._pieces[0], self.graph.skeleton, self._base, self._limits)

    def pieces_of(self, wire: WireTensor) -> list[Piece]:
        """Return the pieces that a tensor's elements are made of; ModelError if its file ends before."""
        if not wire.external and not wire.payload:
            return []
        file, offset, length = _place(wire, self._file_numbers)
        if offset + length > self._pieces[file].size:
            raise ModelError("E_EXTERNAL", f"{wire.name!r} goes past the end of its file")
        return self._pieces[file].within(offset, length)

    def span_of(self, wire: WireTensor) -> range:
        """Return where in its file a tensor's elements are, in bytes; raises ModelError."""
        _, offset, length = _place(wire, self._file_numbers)
        return range(offset, offset + length)

    def parts_of(self, wire: WireTensor) -> list[tuple[int, int]]:
        """Return sections and parts that a tensor's bytes are, one after another; none if that is not all."""
        pieces = self.pieces_of(wire)
        if not pieces or any(piece.section < 0 for piece in pieces):
            return []
        _, offset, length = _place(wire, self._file_numbers)
        is_whole = pieces[0].start == offset and sum(piece.length for piece in pieces) == length
        is_asked = length == payload_length(wire.data_type, wire.dims)
        return [(piece.section, piece.part) for piece in pieces] if is_whole and is_asked else []


def _place(wire: WireTensor, files: Mapping[str | None, int]) -> tuple[int, int, int]:
    """Return file, offset and length of a tensor's elements."""
    place = wire.external
    if place is None:
        return 0, wire.offset, wire.length
    if place.name not in files:
        raise ModelError("E_EXTERNAL", f"there is no file {place.name!r}", place.location_offset)
    return files[place.name], place.offset, place.length or payload_length(wire.data_type, wire.dims) or 0

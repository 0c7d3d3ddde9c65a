"""Look into a `.nntc` file: sections, and tensors as arrays, each decoded on its own when asked for.

Tensors have the names that the ONNX graph gives them (SPEC.md, clause 17). What is handed out here is
protected by the CRC-32 of the sections it comes from; `codec.decode` checks the SHA-256 of whole files too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.arrays import STRING, array_dtype, elements, type_name
from codec.decoder.container import Section, read_directory, read_section
from codec.decoder.fields import Locator, stored_bytes, stored_strings
from codec.decoder.graph import OutputFile, read_graph
from codec.decoder.notes import Notes, read_notes
from codec.decoder.payloads import decode_section, read_record, read_surroundings
from codec.decoder.pieces import FilePieces, Piece, lay_out
from codec.decoder.source import FileSource, SourceLike, as_source
from codec.decoder.tensor.record import Payload, TensorRecord
from codec.errors import FormatError, ModelError
from codec.format.onnx_tensor import Path, WireTensor, payload_length
from codec.format.onnx_wire import find_tensors
from codec.format.registry import MAJOR, SectionType, Tool

GRAPH_TOOL = "graph"
"""`LazyTensor.tool` of a tensor whose elements stay in the graph bytes."""


def open(source: SourceLike, *, max_memory: int | None = None) -> Container:  # noqa: A001 - as codec.open
    """Open a `.nntc` file without decoding its tensors.

    Parameters
    ----------
    source
        Path, bytes, or anything with `size` and `read(offset, length)`, such as an HTTP client with range
        requests: header, directory, GRAPH and the sections asked for are all that is read.
    max_memory
        Refuse a file whose declared memory bound is above this many bytes.

    Returns
    -------
    A context manager.

    Raises
    ------
    FormatError
        Header, directory or graph is at fault.
    UnsupportedError
        The input needs a newer or fuller decoder.
    """
    return Container(source, max_memory=max_memory)


class LazyTensor:
    """A tensor of a model in a `.nntc` file.

    Parameters
    ----------
    name
        As in the model; for an unnamed one in a Constant node the node's output.
    path
        Its place in the model, such as ("graph", "initializer", 3).
    shape
        Rank-n tuple.
    data_type
        Name of its ONNX element type, such as float32 or bfloat16.
    size
        Number of elements.
    coded_bytes
        Bytes of the sections that hold it, or its share of them; 0 for one whose bytes are in the graph,
        or are those of a tensor before it.
    same_as
        Key in `Container.tensors` of the first tensor before it that is made of the same bytes, or None.
    """

    def __init__(
        self, container: Container, wire: WireTensor, pieces: tuple[Piece, ...], same_as: str | None
    ) -> None:
        self._container = container
        self._wire = wire
        self._pieces = pieces
        self.name = wire.name
        self.path: Path = wire.path
        self.shape = wire.dims
        self.data_type = type_name(wire.data_type)
        self.size = math.prod(wire.dims)
        self.same_as = same_as
        self.coded_bytes = 0.0 if same_as else sum(container.part_cost(p.section, p.part) for p in pieces)

    def __repr__(self) -> str:
        return f"LazyTensor({self.name!r}, shape={self.shape}, data_type={self.data_type!r})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of `array()`: see `codec.decoder.arrays` for what numpy has no type for."""
        return array_dtype(self._wire.data_type)

    @property
    def tool(self) -> str:
        """How it is coded: planes, codebook, uniform, several joined by "+", or graph."""
        tools = {self._container.section_tool(piece.section).name.lower() for piece in self._pieces}
        return "+".join(sorted(tools)) or GRAPH_TOOL

    @property
    def error(self) -> float | None:
        """Relative error ||decoded - original|| / ||original|| as noted by the encoder, or None."""
        total = squares = 0.0
        for piece in self._pieces:
            error = self._container.part_error(piece.section, piece.part)
            if error is None:
                return None
            total += piece.length
            squares += piece.length * error**2
        return math.sqrt(squares / total) if total else 0.0

    def array(self) -> NDArray[Any]:
        """Decode it.

        Returns
        -------
        Array of `shape` and `dtype`, the caller's own.

        Raises
        ------
        FormatError
            A section that holds it is at fault.
        ModelError
            E_TENSOR, E_PROTOBUF: its data does not fit its shape or type.
        """
        data = self._container.tensor_data(self._wire)
        try:
            if isinstance(data, list):
                values = np.array(data, dtype=object)
            else:
                values = elements(data, self._wire.data_type, self.size)
            return values.reshape(self.shape)
        except ValueError as e:
            raise ModelError("E_TENSOR", f"{self.name!r}: {e}") from e

    def tobytes(self) -> bytes:
        """Decode it into the bytes that `raw_data` has for it; raises as `array`, TypeError for strings."""
        data = self._container.tensor_data(self._wire)
        if isinstance(data, list):
            raise TypeError(f"{self.name!r} holds strings")
        return bytes(data)


class Container:
    """An open `.nntc` file; a context manager.

    Parameters
    ----------
    source, max_memory
        See `open`.
    """

    def __init__(self, source: SourceLike, *, max_memory: int | None = None) -> None:
        self._source = as_source(source)
        self._owned = isinstance(source, str | os.PathLike)
        try:
            self._directory = read_directory(self._source, max_memory)
            self._tensor_sections = self._directory.tensors
            section = self._directory.graph
            data = read_section(self._source, section)
            self._graph = read_graph(
                data, section.offset, section.output, len(self._tensor_sections), self._source.size
            )
        except BaseException:
            self.close()
            raise
        self._tools: dict[int, Tool] = {}
        self._part_ends: dict[int, NDArray[np.int64]] = {}
        self._kept: tuple[int, Payload] | None = None

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._owned and isinstance(self._source, FileSource):
            self._source.close()

    @property
    def size(self) -> int:
        """Bytes of the `.nntc` file."""
        return self._source.size

    @property
    def version(self) -> str:
        """Format version by which it was written, such as 1.0."""
        return f"{MAJOR}.{self._directory.minor}"

    @property
    def profile(self) -> str:
        """Profile that a decoder needs: baseline or main."""
        return self._directory.profile.name.lower()

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order; types are those of `codec.format.registry.SectionType`."""
        return self._directory.sections

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The files that decoding gives, the model first."""
        return self._graph.files

    @property
    def graph_size(self) -> int:
        """Bytes of the graph without payloads, before compression."""
        return len(self._graph.skeleton)

    @property
    def memory_bound(self) -> int:
        """Most bytes of memory that decoding the whole file needs."""
        return self._directory.memory_bound()

    @cached_property
    def notes(self) -> Notes | None:
        """What the encoder noted, if it did."""
        for section in self._directory.others:
            if section.type == SectionType.NOTES:
                return read_notes(read_section(self._source, section), sum(self._graph.splices.used))
        return None

    @cached_property
    def tensors(self) -> Mapping[str, LazyTensor]:
        """All tensors in file order, by name.

        A tensor without a name, or with one that an earlier tensor has, goes by its path:
        "graph/node/3/attribute/0/t".

        Raises
        ------
        FormatError
            E_SPLICE; or E_CRC and others in a section that holds several tensors.
        ModelError
            E_PROTOBUF, E_EXTERNAL, E_LOCATION: what was encoded is no sound ONNX model.
        """
        found: dict[str, LazyTensor] = {}
        first: dict[tuple[int, int], str] = {}  # section, part -> key
        for wire in find_tensors(self._read_graph_bytes, self._pieces[0].size):
            parts = tuple(piece for piece in self._pieces_of(wire) if piece.skeleton is None)
            key = wire.name if wire.name and wire.name not in found else "/".join(map(str, wire.path))
            owners = {first.setdefault((piece.section, piece.part), key) for piece in parts}
            same_as = next((owner for owner in owners if owner != key), None)
            found[key] = LazyTensor(self, wire, parts, same_as)
        return MappingProxyType(found)

    def template(self) -> bytes:
        """Return the model file with zeros in place of payloads: names, shapes and nodes, no weights."""
        data = bytearray(self._pieces[0].size)
        for piece in self._pieces[0].within(0, len(data)):
            if piece.skeleton is not None:
                data[piece.start : piece.start + piece.length] = self._piece_bytes(piece)
        return bytes(data)

    def section_tool(self, section: int) -> Tool:
        """Return the tool of TENSOR section number `section`; raises FormatError."""
        if section not in self._tools:
            self._record(section)
        return self._tools[section]

    def part_cost(self, section: int, part: int) -> float:
        """Return the bytes of the file that a part of a TENSOR section takes."""
        stored = self._tensor_sections[section]
        return stored.length * self._part_size(section, part) / stored.output

    def part_error(self, section: int, part: int) -> float | None:
        """Return the relative error of a part of a TENSOR section, if it is known."""
        if self.section_tool(section) is Tool.PLANES:
            return 0.0
        if self.notes is None:
            return None
        return self.notes.errors[self._first_parts[section] + part]

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
    def _around(self) -> Any:
        return read_surroundings(self._source, self._directory)

    def _part_span(self, section: int, part: int) -> tuple[int, int]:
        """Return where a part begins and ends in the payload of its section, in bytes."""
        if self._graph.splices.used[section] == 1:
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
        return list(accumulate(self._graph.splices.used, initial=0))

    @cached_property
    def _pieces(self) -> list[FilePieces]:
        return lay_out(self._graph, self._part_size)

    @cached_property
    def _file_numbers(self) -> dict[str | None, int]:
        return {file.name: number for number, file in enumerate(self._graph.files)}

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self._read_graph_bytes, self._pieces[0].size)

    def _record(self, number: int) -> TensorRecord:
        return self._sound(number, read_record(self._source, self._tensor_sections[number], self._around))

    def _sound(self, number: int, record: TensorRecord) -> TensorRecord:
        """Return a record after checking that it has as many parts as are used."""
        self._tools[number] = record.tool
        if len(record.part_ends()) != self._graph.splices.used[number]:
            offset = self._tensor_sections[number].offset
            raise FormatError("E_SPLICE", "splices use another number of parts", offset)
        return record

    def _payload(self, number: int) -> Payload:
        """Decode a TENSOR section; one that many tensors share is kept until another one is asked for."""
        if self._kept is not None and self._kept[0] == number:
            return self._kept[1]
        record, payload = decode_section(self._source, self._tensor_sections[number], self._around)
        self._sound(number, record)
        if self._graph.splices.used[number] > 1:
            self._kept = number, payload
        return payload

    def _content(self, file: int, offset: int, length: int) -> bytearray:
        """Return bytes of an output file, decoding what has to be."""
        data = bytearray(length)
        for piece in self._pieces[file].within(offset, length):
            start, end = max(offset, piece.start), min(offset + length, piece.start + piece.length)
            inner = slice(start - piece.start, end - piece.start)
            data[start - offset : end - offset] = self._piece_bytes(piece)[inner]
        return data

    def _piece_bytes(self, piece: Piece) -> memoryview:
        if piece.skeleton is not None:
            return self._graph.skeleton[piece.skeleton : piece.skeleton + piece.length]
        start, end = self._part_span(piece.section, piece.part)
        return self._payload(piece.section).data[start:end]

    def _read_graph_bytes(self, offset: int, length: int) -> bytes:
        """Read the model file where it is made of graph bytes; payloads hold no structure."""
        data = b""
        for piece in self._pieces[0].within(offset, length):
            if piece.skeleton is None:
                raise ModelError("E_PROTOBUF", "a payload stands where the model's structure should", offset)
            start = offset + len(data) - piece.start
            data += self._piece_bytes(piece)[start : start + length - len(data)]
        return data

    def _pieces_of(self, wire: WireTensor) -> Iterator[Piece]:
        """Yield the pieces that a tensor's elements are made of."""
        if wire.external or wire.payload:
            file, offset, length = _place(wire, self._file_numbers)
            if offset + length > self._pieces[file].size:
                raise ModelError("E_EXTERNAL", f"{wire.name!r} goes past the end of its file")
            yield from self._pieces[file].within(offset, length)


def _place(wire: WireTensor, files: Mapping[str | None, int]) -> tuple[int, int, int]:
    """Return file, offset and length of a tensor's elements."""
    place = wire.external
    if place is None:
        return 0, wire.offset, wire.length
    if place.location not in files:
        raise ModelError("E_EXTERNAL", f"there is no file {place.location!r}", place.location_offset)
    return files[place.location], place.offset, place.length or payload_length(wire.data_type, wire.dims) or 0

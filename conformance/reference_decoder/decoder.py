"""Clauses 9.1 to 9.3: the decoding process, in decode order [R-500], [R-503]; clause 11.2: memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from .container import (
    TABLES,
    TENSOR,
    Entry,
    Header,
    Source,
    check_section_digest,
    graph_entry,
    read_directory,
    read_header,
    read_section,
)
from .errors import NntcError
from .graph import COPIES, OPENS, REPEATS, Graph, read_graph
from .output import Assembler, MemorySink, Sink
from .record import Tensor, read_tensor
from .signature import Trusted
from .signature import check as check_signatures
from .tables import Table, read_tables_section


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caller allows (clause 11.2) and demands (clause 6.8); None sets no limit."""

    memory: int | None = None
    output: int | None = None
    trusted: Trusted | None = None


@dataclass(frozen=True, slots=True)
class OutputFile:
    """An output file; ``name`` is None for output file 0."""

    name: str | None
    data: bytes


class BytesSource:
    """A file that is in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        """A stretch of the file."""
        return self.data[offset : offset + size]


@dataclass(slots=True)
class Opened:
    """Steps 1 to 4 of clause 9.2."""

    source: Source
    header: Header
    entries: list[Entry]
    graph: Graph
    shared: list[Table]

    @property
    def tensors(self) -> list[Entry]:
        """The TENSOR sections in order."""
        return [entry for entry in self.entries if entry.type == TENSOR]

    def tensor(self, entry: Entry) -> Tensor:
        """Phases 1 and 2 of clause 9.3 [R-503]."""
        data = read_section(self.source, entry)  # phase 1, R-503
        return read_tensor(data, entry, self.header, self.shared, self.graph.base)  # phase 2, R-503


def memory_bound(entries: list[Entry]) -> int:
    """The bound of this decoder (clause 11.2): it keeps whole sections, and Python's objects for numbers."""
    T = max((entry.output for entry in entries if entry.type == TENSOR), default=0)
    G = graph_entry(entries).output
    S = max(entry.length for entry in entries)
    # nothing here takes more: one section at a time, one byte for a token, four for an integer
    return 256 * 2**20 + 512 * len(entries) + 12 * T + 3 * G + 6 * S


def open_file(source: Source, limits: Limits, base: Sequence[Source] = ()) -> Opened:
    """Steps 1 to 4 of clause 9.2 [R-500]; ``base`` are the files that the caller has, in any order."""
    header = read_header(source)  # step 1, R-500
    entries = read_directory(source, header)  # step 2
    if limits.memory is not None and memory_bound(entries) > limits.memory:
        raise NntcError("E_MEMORY", 28, "memory bound")
    if limits.trusted is not None:
        check_signatures(source, header, entries, limits.trusted)
    tensor_count = sum(entry.type == TENSOR for entry in entries)
    own = graph_entry(entries)
    graph = read_graph(read_section(source, own), own, header.profile, tensor_count, source.size)  # step 3
    if limits.output is not None and graph.total > limits.output:
        raise NntcError("E_MEMORY", 28, "output files")
    graph.base.give(base, graph.start)
    shared: list[Table] = []
    for entry in entries:
        if entry.type == TABLES:
            shared = read_tables_section(read_section(source, entry), entry)  # step 4
    return Opened(source, header, entries, graph, shared)


def decode_to(
    source: Source, sink: Sink, limits: Limits | None = None, base: Sequence[Source] = ()
) -> list[str]:
    """Clause 9.2 to its end; the output files go to ``sink``. Returns the names of output files 1.. ."""
    opened = open_file(source, limits or Limits(), base)
    assembler = Assembler(opened.graph.files, sink)
    _insert_pieces(opened, assembler)
    for entry in opened.entries:
        if entry.ignorable:
            check_section_digest(source, entry)  # step 8, R-271
    assembler.finish()  # step 9
    return [file.name for file in opened.graph.files[1:]]


def _insert_pieces(opened: Opened, out: Assembler) -> None:
    """Steps 5 to 7 of clause 9.2 [R-500]."""
    graph = opened.graph
    splices = graph.splices
    tensors = opened.tensors
    ragged_total = 0  # step 5
    ragged_payloads: dict[int, tuple[bytearray, list[int]]] = {}  # payload and ends of parts
    position = array("Q")  # where the piece of each splice was put, and its size
    size = array("Q")
    used = 0  # graph bytes

    def require(holds: bool, at: int) -> None:
        if not holds:
            raise NntcError("E_SPLICE", at)

    for i in range(len(splices)):  # step 6, R-500
        run, kind, s, k = splices.run[i], splices.kind[i], splices.section[i], splices.part[i]
        require(out.at + run <= out.total, graph.start)  # R-215, step 6a
        out.put(graph.graph[used : used + run])
        used += run
        piece: bytearray | memoryview | None = None
        if kind == OPENS:
            entry = tensors[s]
            tensor = opened.tensor(entry)
            piece = tensor.payload()  # step 6b
            parts = tensor.part_sizes()
            if tensor.ragged:  # step 6c
                ragged_total += entry.output
                if ragged_total > 2**24:
                    raise NntcError("E_LIMIT", entry.start, "payloads of ragged views")
                ragged_payloads[s] = (piece, list(accumulate(parts)))
            if ragged_total + tensor.need > opened.header.working_memory:  # step 6c
                raise NntcError("E_LIMIT", entry.start, "need, and payloads of ragged views")
            require(splices.used[s] == len(parts), entry.start)  # R-213, step 6d
            del tensor
        if kind == REPEATS:
            n = size[splices.origin[i]]
        elif kind == COPIES:
            start, n = splices.ranges[s]
        elif s in ragged_payloads:
            payload, ends = ragged_payloads[s]
            begin = ends[k - 1] if k > 0 else 0
            n = ends[k] - begin
            piece = memoryview(payload)[begin : begin + n]
        else:
            assert piece is not None
            n = len(piece)
        require(out.fits(n), graph.start)  # R-214, step 6e
        position.append(out.at)
        size.append(n)
        if kind == COPIES:
            for stretch in graph.base.read(start, n):
                out.put(stretch)
        elif piece is None:
            out.repeat(position[splices.origin[i]], n)
        else:
            out.put(piece)
    rest = graph.graph[used:]
    require(out.at + len(rest) == out.total, graph.start)  # R-215, step 7
    out.put(rest)


def decode(data: bytes, limits: Limits | None = None, base: Sequence[bytes] = ()) -> list[OutputFile]:
    """Decode a whole file in memory: the output files in order, or NntcError [R-001], [R-002]."""
    sink = MemorySink()
    given = [BytesSource(file) for file in base]
    names: list[str | None] = [None, *decode_to(BytesSource(data), sink, limits, given)]
    return [OutputFile(name, bytes(content)) for name, content in zip(names, sink.files, strict=True)]


def tensor_levels(data: bytes, base: Sequence[bytes] = ()) -> Iterator[array[int] | None]:
    """For each record of all TENSOR sections, the integers after phase 4 of clause 9.3, in coded order.

    These are levels before row bases and dequantization (uniform) or indices (codebook); None for planes and
    products.
    """
    opened = open_file(BytesSource(data), Limits(), [BytesSource(file) for file in base])
    for entry in opened.tensors:
        for record in opened.tensor(entry).records:
            yield record.tool.integers()

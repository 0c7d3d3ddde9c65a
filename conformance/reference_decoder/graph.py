"""Clauses 6.1 to 6.3: GRAPH, splices and file names."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from .base import Base, read_base
from .bits import Reader
from .container import DEVICE, Entry
from .errors import NntcError
from .frames import zstd_frame

FORBIDDEN = frozenset(range(0x20)) | {0x7F, 0x5C}
OPENS, FRESH, REPEATS, COPIES = 0, 1, 2, 3


@dataclass(slots=True)
class OutputEntry:
    """A *file* of clause 6.1. ``name`` is empty for output file 0."""

    size: int
    sha256: bytes
    name_offset: int = 0
    name_length: int = 0
    name: str = ""


class Splices:
    """The resolved splices (clause 6.2), as arrays: there may be 2^20 of them.

    ``kind[i]`` is OPENS (piece 0), FRESH (the next part), COPIES (a range of the base) or REPEATS.
    ``section[i]``, ``part[i]`` are source[i]; of a range of the base ``section[i]`` is its number in
    ``ranges``. ``origin[i]`` is the number of the splice at which source[i] was first inserted.
    """

    def __init__(self, tensor_count: int, base: Base) -> None:
        self.run = array("Q")
        self.kind = array("B")
        self.section = array("i")
        self.part = array("i")
        self.origin = array("i")
        self.tensor_count = tensor_count
        self.used = array("i")  # parts used so far of each section opened so far
        self.base = base
        self.ranges: list[tuple[int, int]] = []  # ranges of the base: first byte, and how many

    def __len__(self) -> int:
        return len(self.run)

    def read(self, reader: Reader) -> None:
        """Read a splice and resolve it: step 2 of 'resolve the splices'."""
        run = reader.varint()
        piece = reader.varint()
        if self.base.entries and piece == 1:
            self._copy(reader, run)
            return
        v = piece - 1 if self.base.entries and piece > 1 else piece
        reader.require(self._add(run, v), "E_SPLICE", "piece does not exist")

    def _copy(self, reader: Reader, run: int) -> None:
        """A range of the base."""
        end = sum(self.ranges[-1]) if self.ranges else 0
        start = end + reader.svarint()
        length = reader.varint()
        holds = length > 0 and self.base.holds(start, length)
        reader.require(holds, "E_SPLICE", "no such range of the base")
        self._append(run, COPIES, len(self.ranges), 0, len(self))
        self.ranges.append((start, length))

    def _add(self, run: int, v: int) -> bool:
        """Step 2b; False if the reference does not exist."""
        i = len(self)
        if v == 0:
            if len(self.used) == self.tensor_count:
                return False
            self.used.append(1)
            self._append(run, OPENS, len(self.used) - 1, 0, i)
        elif v % 2 == 1:
            d = (v + 1) // 2
            if d > len(self.used):
                return False
            section = len(self.used) - d
            self._append(run, FRESH, section, self.used[section], i)
            self.used[section] += 1
        else:
            d = v // 2
            if d > i:
                return False
            self._append(run, REPEATS, self.section[i - d], self.part[i - d], self.origin[i - d])
        return True

    def _append(self, run: int, kind: int, section: int, part: int, origin: int) -> None:
        self.run.append(run)
        self.kind.append(kind)
        self.section.append(section)
        self.part.append(part)
        self.origin.append(origin)


@dataclass(slots=True)
class Graph:
    """The content of GRAPH."""

    start: int
    base: Base
    files: list[OutputEntry]
    splices: Splices
    graph: memoryview

    @property
    def total(self) -> int:
        """The sum of the sizes of all output files."""
        return sum(file.size for file in self.files)


def read_graph(data: bytes, entry: Entry, profile: int, tensor_count: int, file_size: int) -> Graph:
    """Clause 6.1. Every error is reported at the first byte of the GRAPH section [R-207]."""
    try:
        content = zstd_frame(data, entry.output, window=2**16 if profile == DEVICE else 2**23)
    except ValueError as problem:
        raise NntcError("E_ZSTD", entry.start, str(problem)) from None
    reader = Reader(content, entry.start, fixed=True)

    base = read_base(reader)
    file_count = reader.varint()
    reader.require(1 <= file_count <= min(65536, 1024 + file_size // 32), "E_LIMIT", "file_count")
    files = [_read_file(reader, number) for number in range(file_count)]
    total = sum(file.size for file in files)
    reader.require(total <= 65536 * file_size + base.size, "E_EXPANSION", "output files")

    splice_count = reader.varint()
    reader.require(splice_count <= min(2**20, 1024 + 16 * file_size), "E_LIMIT", "splice_count")
    splices = Splices(tensor_count, base)
    for _ in range(splice_count):
        splices.read(reader)
    graph = reader.take(reader.left())
    reader.require(len(splices.used) == tensor_count, "E_SPLICE", "section is not opened")
    reader.require(sum(splices.run) <= len(graph), "E_SPLICE", "runs exceed the graph bytes")

    _resolve_names(reader, files, graph)
    return Graph(entry.start, base, files, splices, graph)


def _read_file(reader: Reader, number: int) -> OutputEntry:
    """A *file* of clause 6.1."""
    size = reader.varint()
    reader.require(size < 2**48, "E_LIMIT", "size of an output file")
    file = OutputEntry(size, bytes(reader.take(32)))
    if number > 0:
        file.name_offset = reader.varint()
        file.name_length = reader.varint()
        reader.require(1 <= file.name_length <= 1024, "E_FILE_NAME", "name_length")
    return file


def _resolve_names(reader: Reader, files: list[OutputEntry], graph: memoryview) -> None:
    """Clause 6.3, for each file but the first."""
    names: set[str] = set()
    directories: set[str] = set()
    for file in files[1:]:
        end = file.name_offset + file.name_length
        reader.require(end <= len(graph), "E_FILE_NAME", "name lies outside the graph bytes")
        raw = bytes(graph[file.name_offset : end])
        reader.require(name_is_allowed(raw), "E_FILE_NAME", "name is not allowed")
        file.name = raw.decode("utf-8")
        above = directories_of(file.name)
        reader.require(file.name not in names, "E_FILE_NAME", "name occurs twice")
        clash = file.name in directories or any(directory in names for directory in above)
        reader.require(not clash, "E_FILE_NAME", "name is a directory of another one")
        names.add(file.name)
        directories.update(above)


def name_is_allowed(raw: bytes) -> bool:
    """R-221: UTF-8 (RFC 3629) without the forbidden bytes, in components that are allowed."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if any(byte in FORBIDDEN for byte in raw):
        return False
    components = raw.split(b"/")
    if len(components) > 16:
        return False
    return all(1 <= len(own) <= 255 and own not in (b".", b"..") for own in components)


def directories_of(name: str) -> list[str]:
    """The directories that a name goes through: all its components but the last, joined from the first on."""
    components = name.split("/")
    return ["/".join(components[:count]) for count in range(1, len(components))]

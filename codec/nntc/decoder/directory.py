"""Header and directory: where every section is (SPEC.md, "Header" and "Directory")."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from nntc.errors import FormatError, UnsupportedError
from nntc.format import registry as r
from nntc.format.layout import (
    HEADER,
    SECTION_LENGTH,
    SECTION_OUTPUT,
    SECTION_TYPE,
    U32,
    SectionStream,
    parse,
)
from nntc.sources.source import Source


@dataclass(frozen=True, slots=True)
class Section:
    """A directory entry with the place it leads to."""

    type: int
    offset: int
    length: int
    output: int
    crc: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A parsed header and directory."""

    minor: int
    profile: r.Profile
    sections: tuple[Section, ...]

    @property
    def graph(self) -> Section:
        """The GRAPH section."""
        return self.sections[0]

    @property
    def tables(self) -> Section | None:
        """The TABLES section, if there is one."""
        return next((s for s in self.sections if s.type == r.SectionType.TABLES), None)

    @property
    def tensors(self) -> list[Section]:
        """TENSOR sections in order."""
        return [s for s in self.sections if s.type == r.SectionType.TENSOR]

    @property
    def others(self) -> list[Section]:
        """Ignorable sections."""
        return [s for s in self.sections if s.type & r.IGNORABLE]

    def memory_bound(self) -> int:
        """Return the most bytes that streaming decoding allocates (SPEC.md, "Memory")."""
        largest = max((s.output for s in self.tensors), default=0)
        longest = max(s.length for s in self.sections)
        return (
            MEMORY_CONSTANT
            + MEMORY_PER_SECTION * len(self.sections)
            + MEMORY_PER_OUTPUT * largest
            + MEMORY_PER_CONTENT * self.graph.output
            + MEMORY_PER_LENGTH * longest
        )


MEMORY_CONSTANT = 256 << 20
MEMORY_PER_SECTION = 512
MEMORY_PER_OUTPUT = 6
MEMORY_PER_CONTENT = 2
MEMORY_PER_LENGTH = 6


def read_directory(source: Source, limit: int | None = None) -> Directory:
    """Parse and check header and directory.

    Parameters
    ----------
    source
        The file.
    limit
        Refuse a file whose memory bound is above this, in bytes; None for no limit.

    Raises
    ------
    FormatError
        E_SIGNATURE, E_TRUNCATED, E_CRC, E_RESERVED, E_PROFILE, E_LIMIT, E_VARINT, E_DIRECTORY, E_ORDER,
        E_SIZE, E_EXPANSION, E_TRAILING, E_MEMORY.
    UnsupportedError
        E_VERSION, E_UNSUPPORTED.
    """
    stream = SectionStream(source.read(0, r.HEADER_SIZE), 0)
    if not stream.getvalue():
        raise FormatError("E_TRUNCATED", "the file is empty", 0)
    if stream.take(8, "signature") != r.SIGNATURE:
        from nntc.sources.kinds import HEAD, kind_of

        kind = kind_of(source.read(0, HEAD))
        raise FormatError("E_SIGNATURE", f"not a .nntc file{f' but {kind}' if kind else ''}", 0)
    stream.seek(0)
    header = parse(HEADER, stream)
    if zlib.crc32(stream.getvalue()[: r.HEADER_SIZE - 4]) != header.header_crc:
        raise FormatError("E_CRC", "header is damaged", r.HEADER_SIZE - 4)
    if header.major != r.MAJOR:
        raise UnsupportedError("E_VERSION", f"format version {header.major}.{header.minor}", 8)
    if header.reader > header.minor:
        raise FormatError("E_RESERVED", "needs a later reader than its own version", 10)
    if header.reader > r.MINOR:
        raise UnsupportedError("E_VERSION", f"needs a reader of version 1.{header.reader}", 10)
    if header.profile not in frozenset(r.Profile):
        raise FormatError("E_PROFILE", f"unknown profile {header.profile}", 11)
    if not 1 <= header.section_count <= r.MAX_SECTIONS:
        raise FormatError("E_LIMIT", "section count", 12)
    if header.directory_length > r.MAX_DIRECTORY:
        raise FormatError("E_LIMIT", "directory length", 16)
    data = source.read(r.HEADER_SIZE, header.directory_length + 4)
    stream = SectionStream(data, r.HEADER_SIZE)
    body = stream.take(header.directory_length, "directory")
    crc_at = stream.at()
    if zlib.crc32(body) != parse(U32, stream):
        raise FormatError("E_CRC", "directory is damaged", crc_at)
    sections = _read_entries(SectionStream(body, r.HEADER_SIZE), header.section_count, crc_at + 4)
    end = sections[-1].offset + sections[-1].length
    for section in sections:
        if section.offset + section.length > source.size:
            raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if end != source.size:
        raise FormatError("E_TRAILING", "bytes left after the last section", end)
    directory = Directory(header.minor, r.Profile(header.profile), sections)
    if limit is not None and directory.memory_bound() > limit:
        raise FormatError("E_MEMORY", f"decoding may need {directory.memory_bound()} bytes", r.HEADER_SIZE)
    return directory


def _read_entries(stream: SectionStream, count: int, offset: int) -> tuple[Section, ...]:
    sections: list[Section] = []
    before = 0
    for _ in range(count):
        try:
            section = _read_entry(stream, before, offset)
        except FormatError as e:
            if e.id != "E_TRUNCATED":
                raise
            raise FormatError("E_DIRECTORY", "directory ends within an entry", e.offset) from e
        sections.append(section)
        before = section.type
        offset += section.length
    if stream.tell() != stream.size:
        raise FormatError("E_DIRECTORY", "directory is longer than its entries", stream.at())
    return tuple(sections)


def _read_entry(stream: SectionStream, before: int, offset: int) -> Section:
    """Parse the entry of a section that begins at `offset` behind one of type `before`, 0 for none."""
    at = stream.at()
    kind = parse(SECTION_TYPE, stream)
    if kind < r.IGNORABLE and kind not in _CRITICAL:
        raise UnsupportedError("E_UNSUPPORTED", f"unknown critical section type {kind}", at)
    is_graph = kind == r.SectionType.GRAPH
    if is_graph != (before == 0) or kind < before or kind == before == r.SectionType.TABLES:
        raise FormatError("E_ORDER", "sections are out of order", at)
    length = parse(SECTION_LENGTH, stream)
    at = stream.at()
    output = parse(SECTION_OUTPUT, stream)
    if (output > 0) != (is_graph or kind == r.SectionType.TENSOR):
        raise FormatError("E_SIZE", "section output", at)
    if output > r.MAX_EXPANSION * length + r.MAX_EXPANSION:
        raise FormatError("E_EXPANSION", "section claims to expand too much", at)
    return Section(kind, offset, length, output, parse(U32, stream))


_CRITICAL = frozenset(kind for kind in r.SectionType if kind < r.IGNORABLE)


def read_section(source: Source, section: Section) -> bytes:
    """Return a section's bytes, checked against their CRC; E_CRC at its first byte."""
    data = source.read(section.offset, section.length)
    if len(data) != section.length:
        raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if zlib.crc32(data) != section.crc:
        raise FormatError("E_CRC", "section is damaged", section.offset)
    return data

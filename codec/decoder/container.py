"""Header and directory: where every section is (SPEC.md, "Header" and "Directory")."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from codec.decoder.source import Source
from codec.errors import FormatError, UnsupportedError
from codec.format import registry as r
from codec.format.layout import DIRECTORY_ENTRY, HEADER, U32, SectionStream, parse


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
        """Return the most bytes that streaming decoding allocates (SPEC.md, "Memory bound")."""
        largest = max((s.output for s in self.tensors), default=0)
        longest = max(s.length for s in self.sections)
        return MEMORY_CONSTANT + MEMORY_FACTOR * largest + 2 * longest + 2 * self.graph.output


MEMORY_CONSTANT = 192 << 20
MEMORY_FACTOR = 6


def read_directory(source: Source, limit: int | None = None) -> Directory:
    """Parse and check header and directory.

    Parameters
    ----------
    limit
        Refuse a file whose memory bound is above this, in bytes; None for no limit.

    Raises
    ------
    FormatError
        E_SIGNATURE, E_CRC, E_RESERVED, E_PROFILE, E_LIMIT, E_DIRECTORY, E_ORDER, E_EXPANSION, E_MEMORY,
        E_TRUNCATED, E_TRAILING.
    UnsupportedError
        E_VERSION, E_UNSUPPORTED.
    """
    stream = SectionStream(source.read(0, r.HEADER_SIZE), 0)
    if stream.take(8, "signature") != r.SIGNATURE:
        raise FormatError("E_SIGNATURE", "not a .nntc file", 0)
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
        raise UnsupportedError("E_PROFILE", f"unknown profile {header.profile}", 11)
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
    last_type = 0
    for index in range(count):
        at = stream.at()
        if stream.tell() == stream.size:
            raise FormatError("E_DIRECTORY", "directory holds fewer entries than the header says", at)
        entry = parse(DIRECTORY_ENTRY, stream)
        if entry.type < r.IGNORABLE and entry.type not in _CRITICAL:
            raise UnsupportedError("E_UNSUPPORTED", f"unknown critical section type {entry.type}", at)
        once = entry.type in (r.SectionType.GRAPH, r.SectionType.TABLES)
        if (index == 0) != (entry.type == r.SectionType.GRAPH) or entry.type < last_type or (
            once and entry.type == last_type
        ):
            raise FormatError("E_ORDER", "sections are out of order", at)
        has_output = entry.type in (r.SectionType.GRAPH, r.SectionType.TENSOR)
        if has_output != (entry.output > 0):
            raise FormatError("E_SIZE", "section output", at)
        if entry.output > r.MAX_EXPANSION * entry.length + r.MAX_EXPANSION:
            raise FormatError("E_EXPANSION", "section claims to expand too much", at)
        sections.append(Section(entry.type, offset, entry.length, entry.output, entry.crc))
        offset += entry.length
        last_type = entry.type
    if stream.tell() != stream.size:
        raise FormatError("E_DIRECTORY", "directory is longer than its entries", stream.at())
    return tuple(sections)


_CRITICAL = frozenset(SectionType for SectionType in r.SectionType if SectionType < r.IGNORABLE)


def read_section(source: Source, section: Section) -> bytes:
    """Return a section's bytes, checked against their CRC; E_CRC at its first byte."""
    data = source.read(section.offset, section.length)
    if len(data) != section.length:
        raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if zlib.crc32(data) != section.crc:
        raise FormatError("E_CRC", "section is damaged", section.offset)
    return data

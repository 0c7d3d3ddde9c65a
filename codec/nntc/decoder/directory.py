"""Header and directory, read and checked: where every section is.

Implements SPEC.md 5.1 to 5.4 and 11.2 (R-107 to R-109, R-150 to R-152, R-160 to R-163, R-700, R-701).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from nntc.errors import FormatError
from nntc.format.container import (
    DIGEST_SIZE,
    ENTRY,
    HEADER,
    HEADER_SIZE,
    SIGNATURE,
    Entry,
    Header,
    digest_of,
)
from nntc.format.fields import SectionStream, u32
from nntc.format.registry import IGNORABLE, Profile, SectionType
from nntc.sources.source import Source
from nntc.sources.stream import Passage, StreamSource

_MEMORY_CONSTANT = 24 << 20
"""Tables of a group of streams, and its padding."""
_MEMORY_TOGETHER, _TOGETHER_PER_OUTPUT, _TOGETHER_PER_LENGTH = 232 << 20, 10, 6
"""Most that sections decoded together take, and what they take for each of their bytes."""
_MEMORY_PER_SECTION = 512
_MEMORY_PER_OUTPUT = 6
_MEMORY_PER_CONTENT = 2
_MEMORY_PER_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Section:
    """A directory entry with the place it leads to."""

    type: int
    offset: int
    length: int
    output: int
    digest: bytes

    @property
    def entry(self) -> Entry:
        """The directory entry."""
        return Entry(self.type, self.length, self.output, self.digest)


@dataclass(frozen=True, slots=True)
class Directory:
    """A parsed header and directory."""

    header: Header
    sections: tuple[Section, ...]

    @property
    def minor(self) -> int:
        """Minor version of the format by which the file was written."""
        return self.header.minor

    @property
    def profile(self) -> Profile:
        """What a decoder must have."""
        return self.header.profile

    @property
    def working_memory(self) -> int:
        """Bytes that a section-wise decoder needs for the TENSOR sections."""
        return self.header.working_memory

    @property
    def entries(self) -> list[Entry]:
        """The entries of all sections in order."""
        return [section.entry for section in self.sections]

    @property
    def graph(self) -> Section:
        """The GRAPH section."""
        return next(s for s in self.sections if s.type == SectionType.GRAPH)

    @property
    def tables(self) -> Section | None:
        """The TABLES section, if there is one."""
        return next((s for s in self.sections if s.type == SectionType.TABLES), None)

    @property
    def tensors(self) -> list[Section]:
        """TENSOR sections in order."""
        return [s for s in self.sections if s.type == SectionType.TENSOR]

    @property
    def others(self) -> list[Section]:
        """Ignorable sections."""
        return [s for s in self.sections if s.type & IGNORABLE]

    def memory_bound(self) -> int:
        """Return the most bytes that this decoder needs for the whole file (SPEC.md 11.2).

        It keeps whole sections, several small ones at once, and numpy's arrays of their tokens and values.
        """
        tensors = self.tensors
        largest = max((s.output for s in tensors), default=0)
        longest = max(s.length for s in self.sections)
        together = sum(_TOGETHER_PER_OUTPUT * s.output + _TOGETHER_PER_LENGTH * s.length for s in tensors)
        return (
            _MEMORY_CONSTANT
            + min(_MEMORY_TOGETHER, together)
            + _MEMORY_PER_SECTION * len(self.sections)
            + _MEMORY_PER_OUTPUT * largest
            + _MEMORY_PER_CONTENT * self.graph.output
            + _MEMORY_PER_LENGTH * longest
        )


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
    stream = SectionStream(source.read(0, HEADER_SIZE), 0)
    if not stream.getvalue():
        raise FormatError("E_TRUNCATED", "the file is empty", 0)
    if stream.take(8, "signature") != SIGNATURE:
        from nntc.sources.kinds import HEAD, kind_of

        kind = kind_of(source.read(0, HEAD))
        raise FormatError("E_SIGNATURE", f"not a .nntc file{f' but {kind}' if kind else ''}", 0)
    stream.seek(0)
    HEADER.skip(stream)
    if zlib.crc32(stream.getvalue()[: HEADER_SIZE - 4]) != int.from_bytes(stream.getvalue()[-4:], "little"):
        raise FormatError("E_CRC", "header is damaged", HEADER_SIZE - 4)
    stream.seek(0)
    header = HEADER.read(stream)
    stream = SectionStream(source.read(HEADER_SIZE, header.directory_length + 4), HEADER_SIZE)
    body = stream.take(header.directory_length, "directory")
    crc_at = stream.at()
    if zlib.crc32(body) != u32().read(stream):
        raise FormatError("E_CRC", "directory is damaged", crc_at)
    sections = _read_entries(SectionStream(body, HEADER_SIZE), header.section_count, crc_at + 4)
    end = sections[-1].offset + sections[-1].length
    if isinstance(source, StreamSource):
        _tell(source, sections)
    for section in sections:
        if section.offset + section.length > source.size:
            raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if end != source.size:
        raise FormatError("E_TRAILING", "bytes left after the last section", end)
    directory = Directory(header, sections)
    if limit is not None and directory.memory_bound() > limit:
        message = f"decoding may need {directory.memory_bound():,} bytes, and {limit:,} are allowed (memory)"
        raise FormatError("E_MEMORY", message, HEADER_SIZE)
    return directory


def _tell(source: StreamSource, sections: Iterable[Section]) -> None:
    """Tell a stream what comes, so that it ends where the last section does."""
    source.expect(Passage(s.offset, s.offset + s.length, is_kept=not s.type & IGNORABLE) for s in sections)


def _read_entries(stream: SectionStream, count: int, offset: int) -> tuple[Section, ...]:
    sections: list[Section] = []
    before = 0
    for number in range(count):
        try:
            entry = ENTRY.read(stream, before=before, is_last=number == count - 1)
        except FormatError as e:
            if e.id != "E_TRUNCATED":
                raise
            raise FormatError("E_DIRECTORY", "directory ends within an entry", e.offset) from e
        sections.append(Section(entry.type, offset, entry.length, entry.output, entry.digest))
        before = entry.type
        offset += entry.length
    if stream.tell() != stream.size:
        raise FormatError("E_DIRECTORY", "directory is longer than its entries", stream.at())
    return tuple(sections)


def read_section(source: Source, section: Section) -> bytes:
    """Return a section's bytes, checked against their digest; E_DIGEST at its first byte."""
    data = source.read(section.offset, section.length)
    if len(data) != section.length:
        raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if digest_of(data) != section.digest:
        raise FormatError("E_DIGEST", "section is damaged", section.offset)
    return data


def check_section(source: Source, section: Section) -> None:
    """Check a section that nobody decodes against its digest; raises as `read_section`."""
    if isinstance(source, StreamSource):
        _check_passing(source, section)
    else:
        read_section(source, section)


def _check_passing(source: StreamSource, section: Section) -> None:
    found = source.digest(section.offset, section.length)
    if found is None:
        raise FormatError("E_TRUNCATED", "section is cut off", section.offset)
    if found[:DIGEST_SIZE] != section.digest:
        raise FormatError("E_DIGEST", "section is damaged", section.offset)

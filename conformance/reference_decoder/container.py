"""Clause 5: header, directory, layout and section digests."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Protocol

from .bits import Reader
from .errors import NntcError

SIGNATURE = bytes.fromhex("8E 4E 4E 54 0D 0A 1A 0A")
HIGHEST_READER = 0
DEVICE, MAIN, FULL = 0, 1, 2
PROFILES = (DEVICE, MAIN, FULL)  # this decoder supports all profiles
GRAPH, TABLES, TENSOR = 1, 3, 4
LEADING = range(0x82, 0x90)  # clause 14.3


class Source(Protocol):
    """A file to decode: its size, and any stretch of it."""

    size: int

    def read(self, offset: int, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Header:
    """Clause 5.1."""

    minor: int
    reader: int
    profile: int
    section_count: int
    directory_length: int
    working_memory: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry (clause 5.2) with the offset of its section (clause 5.3)."""

    type: int
    start: int
    length: int
    output: int
    digest: bytes

    @property
    def ignorable(self) -> bool:
        """Clause 14.3: bit 7 of the type is set."""
        return self.type >= 0x80


def read_header(source: Source) -> Header:
    """Clause 5.1, in the order of R-108."""
    data = source.read(0, min(28, source.size))
    reader = Reader(data, 0)
    reader.require(bytes(reader.take(8)) == SIGNATURE, "E_SIGNATURE")
    major, minor, needed, profile = reader.u8(), reader.u8(), reader.u8(), reader.u8()
    section_count, directory_length = reader.u32(), reader.u32()
    working_memory, crc = reader.u32(), reader.u32()
    reader.require(crc == zlib.crc32(data[:24]), "E_CRC", "header_crc")
    reader.require(major == 1, "E_VERSION", "major version", at=8)
    reader.require(needed <= minor, "E_RESERVED", "reader is above minor", at=10)
    reader.require(needed <= HIGHEST_READER, "E_VERSION", "needs a newer decoder", at=10)
    reader.require(profile in PROFILES, "E_PROFILE", "unknown profile", at=11)
    # there is no known profile that this decoder does not support (E_UNSUPPORTED at 11 never happens)
    reader.require(1 <= section_count <= 2**20, "E_LIMIT", "section_count", at=12)
    reader.require(directory_length <= 2**25, "E_LIMIT", "directory_length", at=16)
    return Header(minor, needed, profile, section_count, directory_length, working_memory)


def read_directory(source: Source, header: Header) -> list[Entry]:
    """Clauses 5.2, 5.3: the directory is checked as a whole [R-152], then entry by entry, then the layout."""
    size = header.directory_length
    whole = Reader(source.read(28, min(size + 4, source.size - 28)), 28)
    directory = whole.take(size)
    crc = whole.u32()
    whole.require(crc == zlib.crc32(directory), "E_CRC", "directory_crc")

    reader = Reader(directory, 28, short="E_DIRECTORY")
    entries: list[Entry] = []
    start = 32 + size
    for number in range(header.section_count):
        is_last = number == header.section_count - 1
        entry = _read_entry(reader, entries[-1].type if entries else 0, is_last, start)
        entries.append(entry)
        start += entry.length
    reader.require(reader.left() == 0, "E_DIRECTORY", "bytes left", at=reader.here())
    _check_layout(source, entries)
    return entries


def graph_entry(entries: list[Entry]) -> Entry:
    """The entry of GRAPH: there is exactly one."""
    return next(entry for entry in entries if entry.type == GRAPH)


def _read_entry(reader: Reader, before: int, is_last: bool, start: int) -> Entry:
    """One entry (clause 5.2); ``before`` is the type of the entry before it, 0 if there is none."""
    kind = reader.u8()
    reader.require(kind not in (0, 0x80), "E_RESERVED", "section type")
    known = kind in (GRAPH, TABLES, TENSOR)
    reader.require(kind >= 0x80 or known, "E_UNSUPPORTED", "unknown critical section")
    if before == 0 or before in LEADING:  # GRAPH has not been yet
        in_order = kind == GRAPH or (kind in LEADING and kind >= before and not is_last)
    else:
        in_order = kind != GRAPH and kind not in LEADING and kind >= before
        in_order = in_order and not (kind == before == TABLES)
    reader.require(in_order, "E_ORDER")
    length = reader.varint()
    reader.require(length < 2**40, "E_LIMIT", "length")
    output = reader.varint()
    reader.require(output <= 2**31, "E_LIMIT", "output")
    reader.require((output != 0) == (kind in (GRAPH, TENSOR)), "E_SIZE", "output")
    reader.require(output <= 65536 * length + 65536, "E_EXPANSION", "output")
    return Entry(kind, start, length, output, bytes(reader.take(16)))


def _check_layout(source: Source, entries: list[Entry]) -> None:
    """Clause 5.3: sections are contiguous and fill the file."""
    end = 0
    for entry in entries:
        end = entry.start + entry.length
        if end > source.size:
            raise NntcError("E_TRUNCATED", entry.start, "the file ends within a section")
    if end != source.size:
        raise NntcError("E_TRAILING", end, "bytes after the last section")


def read_section(source: Source, entry: Entry) -> bytes:
    """The bytes of a section, after its digest has been checked (clause 5.4) [R-163]."""
    data = source.read(entry.start, entry.length)
    if hashlib.sha256(data).digest()[:16] != entry.digest:
        raise NntcError("E_DIGEST", entry.start, "section")
    return data


def check_section_digest(source: Source, entry: Entry) -> None:
    """The digest of an ignorable section, which is skipped otherwise [R-270], [R-271]."""
    digest = hashlib.sha256()
    for at in range(0, entry.length, 2**20):
        digest.update(source.read(entry.start + at, min(2**20, entry.length - at)))
    if digest.digest()[:16] != entry.digest:
        raise NntcError("E_DIGEST", entry.start, "ignorable section")

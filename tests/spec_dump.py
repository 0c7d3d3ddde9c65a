"""Dumps of files for SPEC.md, appendix C: bytes with a line of explanation for each field."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import read_tensor, working_memory
from nntc.format.fields import SectionStream
from nntc.format.registry import Profile
from nntc.format.tables import TABLE_COUNT, FrequencyTable, read_tables

from conformance.proof import samples
from conformance.proof.samples import varint

PER_LINE = 8


@dataclass
class Dump:
    """Bytes with a line of explanation for each field."""

    data: bytes = b""
    rows: list[tuple[bytes | None, str]] = field(default_factory=list)

    def add(self, data: bytes, what: str) -> None:
        """Append a field."""
        self.data += data
        self.rows.append((data, what))

    def title(self, what: str) -> None:
        self.rows.append((None, what))

    def lines(self) -> list[str]:
        out = []
        at = 0
        for data, what in self.rows:
            if data is None:
                out += ["", what]
                continue
            for start in range(0, max(len(data), 1), PER_LINE):
                part = data[start : start + PER_LINE].hex(" ").upper()
                note = what if start == 0 else ""
                out.append(f"{at + start:4}  {part:{3 * PER_LINE - 1}}  {note}".rstrip())
            at += len(data)
        return out[1:] if out[0] == "" else out


def bits(data: bytes) -> str:
    return " ".join(f"{b:08b}" for b in data)


@dataclass
class Section:
    """A section's fields, and its entry in the directory."""

    kind: int
    name: str
    dump: Dump
    output: int


@dataclass
class Example:
    """A file, taken apart, and what it decodes to."""

    title: str
    about: str
    profile: int
    sections: list[Section]
    after: str = ""

    def working_memory(self) -> int:
        """Return what the TENSOR sections need (SPEC.md 11.2)."""
        shared: Sequence[FrequencyTable] = ()
        records = []
        for section in self.sections:
            data = section.dump.data
            if section.kind == samples.TABLES:
                stream = SectionStream(data, 0)
                shared = read_tables(stream, TABLE_COUNT.read(stream))
            if section.kind == samples.TENSOR:
                records.append(read_tensor(data, 0, section.output, ParseContext(Profile.DEVICE, shared)))
        return working_memory(records)

    def dump(self) -> Dump:
        directory = Dump()
        for section in self.sections:
            length = len(section.dump.data)
            directory.add(bytes([section.kind]), f"type: {section.name}")
            directory.add(varint(length), f"length {length}")
            directory.add(varint(section.output), f"output {section.output}")
            directory.add(hashlib.sha256(section.dump.data).digest()[:16], "digest")
        out = Dump()
        out.title("header")
        memory = self.working_memory()
        head = samples.header(self.profile, len(self.sections), directory.data, memory=memory)
        for size, what in (
            (8, "signature"),
            (1, "major 1"),
            (1, "minor 0"),
            (1, "reader 0"),
            (1, f"profile {self.profile}: {('Device', 'Main')[self.profile]}"),
            (4, f"section_count {len(self.sections)}"),
            (4, f"directory_length {len(directory.data)}"),
            (4, f"working_memory {memory}"),
            (4, f"header_crc 0x{zlib.crc32(head[:24]):08X}"),
        ):
            out.add(head[len(out.data) : len(out.data) + size], what)
        out.title("directory")
        out.data += directory.data
        out.rows += directory.rows
        crc = zlib.crc32(directory.data)
        out.add(struct.pack("<I", crc), f"directory_crc 0x{crc:08X}")
        for section in self.sections:
            out.title(section.name)
            out.data += section.dump.data
            out.rows += section.dump.rows
        return out


def graph(
    files: Sequence[tuple[bytes, tuple[int, int] | None]], splices: Sequence[tuple[int, int]], skeleton: bytes
) -> Section:
    """Return GRAPH for the contents of output files; zstd holds them in a raw block, readable as it is."""
    body = Dump()
    body.add(varint(0), "base_count 0")
    body.add(varint(len(files)), f"file_count {len(files)}")
    for number, (data, name) in enumerate(files):
        body.add(varint(len(data)), f"file {number}: size {len(data)}")
        body.add(hashlib.sha256(data).digest(), "sha256")
        if name is not None:
            body.add(varint(name[0]), f"name_offset {name[0]}")
            body.add(varint(name[1]), f"name_length {name[1]}")
    body.add(varint(len(splices)), f"splice_count {len(splices)}")
    for number, (run, piece) in enumerate(splices):
        body.add(varint(run), f"splice {number}: run {run}")
        what = "open the next TENSOR section" if piece == 0 else "the next part of the section opened last"
        body.add(varint(piece), f"piece {piece}: {what}")
    body.add(skeleton, f'graph: "{skeleton.decode()}"')
    size = len(body.data)
    dump = Dump()
    dump.add(struct.pack("<I", 0xFD2FB528), "zstd: magic number")
    dump.add(b"\x20", "Single_Segment_flag, Frame_Content_Size of 1 byte")
    dump.add(bytes([size]), f"Frame_Content_Size {size}")
    dump.add(struct.pack("<I", size << 3 | 1)[:3], f"last block, raw, {size} bytes")
    dump.data += body.data
    dump.rows += body.rows
    return Section(samples.GRAPH, "GRAPH", dump, size)

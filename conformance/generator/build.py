"""Bytes of whole files (SPEC.md, clauses 5 and 6), with the lengths, sizes and CRCs that follow."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import TensorRecord, read_tensor, working_memory
from nntc.errors import FormatError
from nntc.format.frames import DEVICE_WINDOW, frame_window
from nntc.format.registry import Profile

from conformance.generator.fields import Field, Fields, svarint, u32, varint
from conformance.generator.files import (
    GRAPH,
    LEADING,
    NO_CHANGE,
    OPEN,
    SIGNATURE,
    TABLES,
    TENSOR,
    Change,
    File,
    Range,
)
from conformance.generator.frames import RAW, Frame, block_header
from conformance.generator.tables import write_tables


@dataclass(frozen=True)
class Built:
    """The bytes of a file and where its fields are."""

    fields: list[Field]

    @property
    def data(self) -> bytes:
        """The file."""
        return b"".join(data for _, data in self.fields)

    def offset(self, place: str | int) -> int:
        """Return the offset of a field, of a section's first byte, or with `$` after it of its end."""
        if isinstance(place, int):
            return place
        wanted = place.removesuffix("$")
        at = 0
        start = end = None
        for name, data in self.fields:
            if name == wanted or name.startswith((f"{wanted}.", f"{wanted}[")):
                start = at if start is None else start
                end = at + len(data)
            at += len(data)
        if start is None or end is None:
            raise KeyError(place)
        return end if place.endswith("$") else start


@dataclass(frozen=True)
class _Section:
    kind: int
    name: str
    fields: Fields
    output: int


def build(file: File, change: Change = NO_CHANGE, digests: Sequence[bytes] | None = None) -> Built:
    """Return a file.

    Parameters
    ----------
    digests
        SHA-256 of the output files, where they do not follow from decoding the records.
    """
    if digests is None:
        digests = [hashlib.sha256(data).digest() for data in file.contents()]
    others = [
        _Section(
            kind,
            f"IGNORABLE[{number}]",
            change.apply(f"IGNORABLE[{number}]", Fields([Field("content", data)])),
            0,
        )
        for number, (kind, data) in enumerate(file.others)
    ]
    sections = [section for section in others if section.kind in LEADING]
    sections.append(_graph(file, digests, change))
    if file.tables:
        tables = Fields()
        tables.varint("count", len(file.tables))
        tables.add("tables", write_tables(file.tables))
        sections.append(_Section(TABLES, "TABLES", change.apply("TABLES", tables), 0))
    for number, record in enumerate(file.records):
        name = f"TENSOR[{number}]"
        size = sum(record.part_bytes)
        sections.append(_Section(TENSOR, name, change.apply(name, record.fields), size))
    sections += [section for section in others if section.kind not in LEADING]
    directory = _directory(sections, change)
    out = _header(file, sections, len(directory.data), change)
    for name, data in directory:
        out.add(f"directory{name}", data)
    crc = change.fields.get("directory_crc", u32(zlib.crc32(directory.data)))
    out.add("directory_crc", crc)
    for section in sections:
        out.nest(section.name, section.fields)
    if "trailing" in change.fields:
        out.add("trailing", change.fields["trailing"])
    hidden = () if isinstance(file.frame, Frame) and not file.frame.blocks else ("GRAPH.",)
    unknown = {n for n in change.fields if not n.startswith(hidden)} - {name for name, _ in out}
    if unknown:
        raise KeyError(f"no such fields: {sorted(unknown)}")
    if change.truncate is not None:
        return Built(_truncate(list(out), change.truncate, change.keep))
    return Built(list(out))


def _truncate(fields: Sequence[Field], place: str, keep: int) -> list[Field]:
    names = [field.name for field in fields]
    number = names.index(place)
    return [*fields[:number], Field(place, fields[number].data[:keep])]


def _graph(file: File, digests: Sequence[bytes], change: Change) -> _Section:
    content = change.apply("GRAPH", graph_content(file, digests))
    size = len(content.data)
    is_plain = isinstance(file.frame, Frame) and not file.frame.blocks
    if isinstance(file.frame, Frame) and is_plain:
        frame = file.frame.head(size)
        frame.add("block", block_header(RAW, size))
    else:
        frame = file.frame.fields(content.data)
    changed = Fields(Field(name, change.fields.get(f"GRAPH.{name}", data)) for name, data in frame)
    if is_plain:
        for own in content:
            changed.add(*own)
    return _Section(GRAPH, "GRAPH", changed, size)


def graph_content(file: File, digests: Sequence[bytes]) -> Fields:
    """Return the content of GRAPH (SPEC.md, clause 6.1)."""
    skeleton = b"".join(i for output in file.output_files for i in output.items if isinstance(i, bytes))
    splices: list[tuple[int, int | Range]] = []
    sizes = []
    parts = [list(record.part_bytes) for record in file.records]
    used: list[int] = []
    lengths: list[int] = []
    run = 0
    for output in file.output_files:
        size = 0
        for item in output.items:
            if isinstance(item, bytes):
                run += len(item)
                size += len(item)
                continue
            splices.append((run, item))
            run = 0
            if isinstance(item, Range):
                lengths.append(item.length)
            else:
                lengths.append(_piece_size(item, parts, used, lengths))
            size += lengths[-1]
        sizes.append(size)
    out = Fields()
    out.varint("base_count", len(file.bases))
    for number, base in enumerate(file.bases):
        out.varint(f"base[{number}].size", len(base))
        out.add(f"base[{number}].sha256", hashlib.sha256(base).digest())
    out.varint("file_count", len(sizes))
    for number, (output, size, digest) in enumerate(zip(file.output_files, sizes, digests, strict=True)):
        out.varint(f"file[{number}].size", size)
        out.add(f"file[{number}].sha256", digest)
        if output.name is not None:
            name = output.name.encode() if isinstance(output.name, str) else output.name
            out.varint(f"file[{number}].name_offset", skeleton.index(name))
            out.varint(f"file[{number}].name_length", len(name))
    out.varint("splice_count", len(splices))
    end = 0
    for number, (before, piece) in enumerate(splices):
        out.varint(f"splice[{number}].run", before)
        if isinstance(piece, Range):
            out.varint(f"splice[{number}].piece", 1)
            out.add(f"splice[{number}].offset", svarint(piece.start - end))
            out.varint(f"splice[{number}].length", piece.length)
            end = piece.start + piece.length
        else:
            out.varint(f"splice[{number}].piece", piece + 1 if file.bases and piece else piece)
    out.add("graph", skeleton)
    return out


def _piece_size(code: int, parts: Sequence[Sequence[int]], used: list[int], lengths: Sequence[int]) -> int:
    """Return the bytes of a piece; 0 for one that does not exist, in a file that is to be wrong."""
    if code and code % 2 == 0:
        return lengths[-(code // 2)] if code // 2 <= len(lengths) else 0
    if code == OPEN:
        used.append(0)
    section = len(used) - (code + 1) // 2 if code else len(used) - 1
    if not 0 <= section < len(parts) or used[section] >= len(parts[section]):
        return 0
    used[section] += 1
    return parts[section][used[section] - 1]


def _directory(sections: Sequence[_Section], change: Change) -> Fields:
    entries = Fields()
    for number, section in enumerate(sections):
        data = section.fields.data
        entries.u8(f"[{number}].type", section.kind)
        entries.varint(f"[{number}].length", len(data))
        entries.add(f"[{number}].output", varint(section.output))
        entries.add(f"[{number}].digest", hashlib.sha256(data).digest()[:16])
    named = Fields(Field(f"directory{name}", data) for name, data in entries)
    out = Fields()
    for name, data in named:
        own = name.removeprefix("directory")
        changed = change.fields.get(name, data)
        if name == change.cut:
            out.add(own, changed[: change.keep])
            return out
        out.add(own, changed)
    if "directory.trailing" in change.fields:
        out.add(".trailing", change.fields["directory.trailing"])
    return out


def _header(file: File, sections: Sequence[_Section], directory: int, change: Change) -> Fields:
    out = Fields()
    profile, memory = _needed(file, sections)
    profile = profile if file.profile is None else file.profile
    memory = memory if file.memory is None else file.memory
    values = {
        "signature": SIGNATURE, "major": b"\1", "minor": bytes([file.minor]), "reader": b"\0",
        "profile": bytes([profile]), "section_count": u32(len(sections)),
        "directory_length": u32(directory), "working_memory": u32(memory),
    }  # fmt: skip
    for name, data in values.items():
        out.add(f"header.{name}", change.fields.get(f"header.{name}", data))
    out.add("header.header_crc", change.fields.get("header.header_crc", u32(zlib.crc32(out.data))))
    return out


def _needed(file: File, sections: Sequence[_Section]) -> tuple[int, int]:
    """Return profile and working memory that a file needs, with its changes and without them.

    A change that makes a section ask for more is to be found by what else is wrong with it.
    """
    context = file.context()
    kept: list[TensorRecord] = []
    changed: list[TensorRecord] = []
    records = [section for section in sections if section.kind == TENSOR]
    for section, record in zip(records, file.records, strict=True):
        kept += _parsed(record.fields.data, section.output, context)
        changed += _parsed(section.fields.data, section.output, context)
    profile = max([record.profile for record in kept], default=Profile.DEVICE)
    with contextlib.suppress(zstandard.ZstdError):
        window = frame_window(next(s.fields.data for s in sections if s.kind == GRAPH))
        profile = max(profile, Profile.MAIN if window > DEVICE_WINDOW else profile)
    return profile, max(working_memory(kept), working_memory(changed))


def _parsed(data: bytes, output: int, context: ParseContext) -> list[TensorRecord]:
    try:
        return [read_tensor(data, 0, output, context)]
    except FormatError:
        return []

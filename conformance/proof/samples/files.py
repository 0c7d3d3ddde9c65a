"""Whole files around records, spliced at random (SPEC.md, clauses 5 and 6)."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from conformance.generator.fields import varint
from conformance.generator.tables import write_tables
from conformance.generator.views import RAGGED
from conformance.proof.samples.numbers import GRAPH, NOTES, TABLES, TENSOR, zstd
from conformance.proof.samples.records import Record, random_record
from conformance.proof.samples.symbols import Around, random_table
from conformance.reference_decoder.container import SIGNATURE

ANY_MEMORY = 2**32 - 1
"""Working memory that is always enough."""


def header(profile: int, count: int, directory: bytes, *, minor: int = 0, memory: int = ANY_MEMORY) -> bytes:
    """Return a header."""
    head = SIGNATURE + bytes([1, minor, 0, profile]) + struct.pack("<III", count, len(directory), memory)
    return head + struct.pack("<I", zlib.crc32(head))


def container(profile: int, sections: Sequence[tuple[int, bytes, int]], *, minor: int = 0) -> bytes:
    """Return a file of (type, bytes, output) sections."""
    directory = b"".join(
        bytes([kind]) + varint(len(data)) + varint(output) + hashlib.sha256(data).digest()[:16]
        for kind, data, output in sections
    )
    body = b"".join(data for _, data, _ in sections)
    crc = struct.pack("<I", zlib.crc32(directory))
    return header(profile, len(sections), directory, minor=minor) + directory + crc + body


def graph_content(
    files: Sequence[tuple[int, bytes, tuple[int, int] | None]],
    splices: Sequence[tuple[int, int]],
    skeleton: bytes,
) -> bytes:
    """Return GRAPH content without base for files of (size, sha256, name offset and length)."""
    out = varint(0) + varint(len(files))
    for size, digest, name in files:
        out += varint(size) + digest
        if name is not None:
            out += varint(name[0]) + varint(name[1])
    out += varint(len(splices)) + b"".join(varint(run) + varint(piece) for run, piece in splices)
    return out + skeleton


NAMES = ("weights.bin", "a", "model.onnx.data", "größe.bin", "x" * 255, "weights/.a", "weights/b/c")


@dataclass(frozen=True)
class Sample:
    """A valid file and the output files that it decodes to."""

    data: bytes
    files: dict[str | None, bytes]


def random_file(rng: Random, *, records: int = 4, size: int = 60, tools: Sequence[int] = (0, 1, 2)) -> Sample:
    """Return a valid file with up to `records` TENSOR sections of about `size` elements each."""
    around = Around(rng, profile=rng.randrange(3))
    if rng.random() < 0.6:
        # Shared tables in which every token can be coded.
        around.shared = [random_table(rng, range(256)) for _ in range(rng.choice((1, 2, 6)))]
    made = [random_record(around, size, rng.choice(tools)) for _ in range(rng.randint(0, records))]
    return assemble(rng, made, around)


def assemble(rng: Random, records: Sequence[Record], around: Around) -> Sample:
    """Return a file around records, spliced at random: any order of parts, repeats, several output files."""
    parts = []
    for record in records:
        width = len(record.payload) // record.view.size
        sizes = record.view.lengths if record.view.kind == RAGGED else [record.view.size]
        own, start = [], 0
        for n in sizes:
            own.append(record.payload[start : start + n * width])
            start += n * width
        parts.append(own)
    names = rng.sample(NAMES, rng.choice((0, 0, 1, 3)))
    head = "|".join(names).encode() + rng.randbytes(rng.randrange(20))
    stretches: list[list[bytes]] = [[head], *([] for _ in names)]  # of each output file
    splices: list[tuple[int, int]] = []
    pieces: list[bytes] = []
    skeleton = head
    run = len(head)
    opened, used = 0, [0] * len(records)
    file = 0
    while True:
        choices = [0] * (opened < len(records))
        choices += [2 * (opened - s) - 1 for s in range(opened) if used[s] < len(parts[s])]
        if not choices and rng.random() < 0.7:
            break
        choices += [2 * rng.randint(1, len(splices))] if splices and rng.random() < 0.3 else []
        if not choices:
            break
        code = rng.choice(choices)
        if code == 0:
            piece = parts[opened][0]
            used[opened] = 1
            opened += 1
        elif code % 2:
            s = opened - (code + 1) // 2
            piece = parts[s][used[s]]
            used[s] += 1
        else:
            piece = pieces[len(pieces) - code // 2]
        gap = rng.randbytes(rng.choice((0, 0, 1, 9)))
        stretches[file].append(gap)
        skeleton += gap
        run += len(gap)
        if file < len(names) and rng.random() < 0.3:
            file += rng.randint(1, len(names) - file)
        stretches[file].append(piece)
        splices.append((run, code))
        pieces.append(piece)
        run = 0
    tail = rng.randbytes(rng.choice((0, 3)))
    stretches[-1].append(tail)
    skeleton += tail
    outputs = [b"".join(s) for s in stretches]
    files: list[tuple[int, bytes, tuple[int, int] | None]] = []
    at = 0
    for name, data in zip([None, *names], outputs, strict=True):
        place = None
        if name is not None:
            place = at, len(name.encode())
            at += place[1] + 1
        files.append((len(data), hashlib.sha256(data).digest(), place))
    content = graph_content(files, splices, skeleton)
    sections = [(GRAPH, zstd(content), len(content))]
    if around.shared:
        sections.append((TABLES, varint(len(around.shared)) + write_tables(around.shared), 0))
    sections += [(TENSOR, record.data, len(record.payload)) for record in records]
    if rng.random() < 0.3:
        sections.append((NOTES, b"\x00" + varint(0) + varint(0), 0))
    if rng.random() < 0.3:
        kind = rng.randint(0x82, 0xFF)
        where = 0 if kind < 0x90 else len(sections)  # leading or not
        sections.insert(where, (kind, rng.randbytes(rng.randrange(9)), 0))
    data = container(around.profile, sections, minor=rng.choice((0, 0, 7)))
    return Sample(data, dict(zip([None, *names], outputs, strict=True)))

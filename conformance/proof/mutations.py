"""Damage files: at random, or inside their structure with every CRC-32 put right again."""

from __future__ import annotations

import struct
import zlib
from random import Random

import zstandard

from conformance.generator.fields import varint
from conformance.proof import samples
from conformance.reference_decoder.container import Entry, Header, read_directory, read_header
from conformance.reference_decoder.decoder import BytesSource

_INTERESTING = (0, 1, 2, 3, 0x0F, 0x10, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
_MOST_CONTENT = 1 << 20


def read_head(data: bytes) -> tuple[Header, list[Entry]]:
    """Return header and directory of a file; raises the reference decoder's NntcError."""
    source = BytesSource(data)
    header = read_header(source)
    return header, read_directory(source, header)


def mutate(rng: Random, data: bytes) -> bytes:
    """Return `data` with one to three small changes."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(8)
        if kind <= 2 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 3 and at < len(out):
            out[at] = rng.choice(_INTERESTING)
        elif kind == 4 and at < len(out):
            out[at] = (out[at] + rng.choice((-1, 1))) % 256
        elif kind == 5:
            out[at : at + rng.choice((0, 1, 4))] = rng.randbytes(rng.randrange(5))
        elif kind == 6:
            out[at:at] = varint(rng.choice((0, 1, 255, 256, 2**16, 2**31 - 1, 2**31, 2**32, 2**63 - 1)))
        elif kind == 7 and rng.random() < 0.3:
            del out[at:]
    return bytes(out)


def mutate_inside(rng: Random, data: bytes) -> bytes:
    """Return a valid file with a change inside a section, the directory or the header, CRCs fixed up."""
    header, entries = read_head(data)
    profile = header.profile
    sections = [(e.type, data[e.start : e.start + e.length], e.output) for e in entries]
    where = rng.random()
    if where < 0.1:
        return _mutate_header(rng, data)
    if where < 0.2:
        return _mutate_directory(rng, data)
    number = rng.randrange(len(sections))
    kind, body, output = sections[number]
    if kind == samples.GRAPH and rng.random() < 0.9:
        content = mutate(rng, _content(body))
        size = len(content) if rng.random() < 0.95 else output
        sections[number] = kind, samples.zstd(content), size
    else:
        sections[number] = kind, mutate(rng, body), output
    if rng.random() < 0.1:
        other = rng.randrange(len(sections))
        sections[number], sections[other] = sections[other], sections[number]
    if rng.random() < 0.1:
        profile = (profile + rng.choice((1, 2))) % 3
    return samples.container(profile, sections)


def _content(body: bytes) -> bytes:
    """Return what a zstd frame holds, or the beginning of it: a frame may claim to hold any size."""
    with zstandard.ZstdDecompressor().stream_reader(body) as reader:
        return reader.read(_MOST_CONTENT)


def _mutate_header(rng: Random, data: bytes) -> bytes:
    head = bytearray(data[:24])
    head[rng.randrange(8, 24)] = rng.choice((*_INTERESTING, rng.randrange(256)))
    return bytes(head) + struct.pack("<I", zlib.crc32(head)) + data[28:]


def _mutate_directory(rng: Random, data: bytes) -> bytes:
    count, length = struct.unpack_from("<II", data, 12)
    directory = mutate(rng, data[28 : 28 + length])
    profile = data[11]
    if rng.random() < 0.2:
        count += rng.choice((-1, 1))
    head = samples.header(profile, max(count, 0), directory, minor=data[9])
    return head + directory + struct.pack("<I", zlib.crc32(directory)) + data[32 + length :]

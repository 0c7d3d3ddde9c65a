"""Header, directory and layout: what is checked, in which order, and where it is reported."""

from __future__ import annotations

import struct
import zlib

import pytest
from nntc.decoder.directory import read_directory, read_section
from nntc.errors import FormatError, UnsupportedError
from nntc.format.registry import Profile
from nntc.sources.source import BytesSource

from conformance.proof import samples
from conformance.proof.mutations import read_head
from conformance.reference_decoder import NntcError
from conformance.reference_decoder.container import SIGNATURE

GRAPH_ENTRY = bytes([1]) + samples.varint(5) + samples.varint(9) + bytes(16)
TENSOR_ENTRY = bytes([4]) + samples.varint(1) + samples.varint(3) + bytes(16)
TABLES_ENTRY = bytes([3]) + samples.varint(1) + samples.varint(0) + bytes(16)
NOTES_ENTRY = bytes([0x81]) + samples.varint(2) + samples.varint(0) + bytes(16)
UNSUPPORTED = ("E_VERSION", "E_UNSUPPORTED")


def file_of(*entries: bytes, count: int | None = None, rest: int | None = None) -> bytes:
    """Return a file whose directory is `entries`, followed by as many zeros as the sections have."""
    directory = b"".join(entries)
    lengths = {GRAPH_ENTRY: 5, TENSOR_ENTRY: 1, TABLES_ENTRY: 1, NOTES_ENTRY: 2}
    body = bytes(sum(lengths.get(e, 0) for e in entries) if rest is None else rest)
    head = samples.header(1, len(entries) if count is None else count, directory)
    return head + directory + struct.pack("<I", zlib.crc32(directory)) + body


def with_header(**fields: int) -> bytes:
    values = {
        "major": 1,
        "minor": 0,
        "reader": 0,
        "profile": 1,
        "count": 1,
        "length": len(GRAPH_ENTRY),
        "memory": 0,
        **fields,
    }
    head = SIGNATURE + struct.pack("<BBBBIII", *values.values())
    return head + struct.pack("<I", zlib.crc32(head)) + file_of(GRAPH_ENTRY)[28:]


def raised(data: bytes, limit: int | None = None) -> tuple[str, int | None]:
    with pytest.raises(FormatError) as caught:
        read_directory(BytesSource(data), limit)
    assert isinstance(caught.value, UnsupportedError) == (caught.value.id in UNSUPPORTED)
    if limit is None:
        with pytest.raises(NntcError) as expected:
            read_head(data)
        assert (caught.value.id, caught.value.offset) == (expected.value.error, expected.value.offset)
    return caught.value.id, caught.value.offset


def test_a_sound_directory() -> None:
    directory = read_directory(
        BytesSource(file_of(GRAPH_ENTRY, TABLES_ENTRY, TENSOR_ENTRY, TENSOR_ENTRY, NOTES_ENTRY))
    )
    assert directory.profile is Profile.MAIN
    assert directory.graph.offset == 32 + 5 * 19
    assert [s.offset - directory.graph.offset for s in directory.sections] == [0, 5, 6, 7, 8]
    assert directory.tables is not None
    assert len(directory.tensors) == 2
    assert [s.type for s in directory.others] == [0x81]


def test_more_memory_than_the_caller_allows_is_refused() -> None:
    data = file_of(GRAPH_ENTRY, TENSOR_ENTRY, NOTES_ENTRY)
    bound = read_directory(BytesSource(data)).memory_bound()
    read_directory(BytesSource(data), bound)
    assert raised(data, bound - 1) == ("E_MEMORY", 28)


SIZE = len(with_header())
HEADER = [
    (b"", "E_TRUNCATED", 0),
    (SIGNATURE[:7], "E_TRUNCATED", 0),
    (b"PK" + SIGNATURE[2:], "E_SIGNATURE", 0),
    (SIGNATURE.replace(b"\r\n", b"\n\n") + bytes(20), "E_SIGNATURE", 0),
    *[
        (with_header()[:n], "E_TRUNCATED", start)
        for n, start in ((8, 8), (9, 9), (11, 11), (15, 12), (19, 16), (23, 20), (27, 24))
    ],
    (with_header()[:24] + b"\0" + with_header()[25:], "E_CRC", 24),
    (with_header()[:8] + b"\2" + with_header()[9:], "E_CRC", 24),
    (with_header(major=2), "E_VERSION", 8),
    (with_header(major=0, profile=9), "E_VERSION", 8),
    (with_header(reader=1), "E_RESERVED", 10),
    (with_header(minor=1, reader=1), "E_VERSION", 10),
    (with_header(profile=3), "E_PROFILE", 11),
    (with_header(count=0), "E_LIMIT", 12),
    (with_header(count=2**20 + 1, length=2**25 + 1), "E_LIMIT", 12),
    (with_header(length=2**25 + 1), "E_LIMIT", 16),
    (with_header(length=SIZE), "E_TRUNCATED", 28),
    (with_header(length=SIZE - 28), "E_TRUNCATED", SIZE),
    (with_header(length=SIZE - 31), "E_TRUNCATED", SIZE - 3),
    (with_header(length=len(GRAPH_ENTRY) + 1), "E_CRC", 29 + len(GRAPH_ENTRY)),
]  # fmt: skip


@pytest.mark.parametrize(("data", "error", "offset"), HEADER)
def test_headers(data: bytes, error: str, offset: int) -> None:
    assert raised(data) == (error, offset)


def test_a_later_minor_version_is_read_if_its_reader_is_known() -> None:
    assert read_directory(BytesSource(with_header(minor=9))).minor == 9


def entry(kind: int, length: bytes, output: bytes, digest: bytes = bytes(16)) -> bytes:
    return bytes([kind]) + length + output + digest


ONE, NINE = samples.varint(1), samples.varint(9)
LONG = samples.varint(2**40 - 1)
DIRECTORY = [
    ([b""], 1, "E_DIRECTORY", 0),
    ([GRAPH_ENTRY], 2, "E_DIRECTORY", 19),
    ([GRAPH_ENTRY, TENSOR_ENTRY], 1, "E_DIRECTORY", 19),
    ([GRAPH_ENTRY[:1]], 1, "E_DIRECTORY", 1),
    ([GRAPH_ENTRY[:2]], 1, "E_DIRECTORY", 2),
    ([b"\x01\x85"], 1, "E_DIRECTORY", 1),
    ([GRAPH_ENTRY[:3]], 1, "E_DIRECTORY", 3),
    ([GRAPH_ENTRY[:18]], 1, "E_DIRECTORY", 3),
    ([entry(0, ONE, ONE)], 1, "E_RESERVED", 0),
    ([entry(0x80, ONE, ONE)], 1, "E_RESERVED", 0),
    ([entry(2, ONE, ONE)], 1, "E_UNSUPPORTED", 0),
    ([GRAPH_ENTRY, entry(5, ONE, ONE)], 2, "E_UNSUPPORTED", 19),
    ([TENSOR_ENTRY], 1, "E_ORDER", 0),
    ([NOTES_ENTRY], 1, "E_ORDER", 0),
    ([GRAPH_ENTRY, GRAPH_ENTRY], 2, "E_ORDER", 19),
    ([GRAPH_ENTRY, TENSOR_ENTRY, TABLES_ENTRY], 3, "E_ORDER", 38),
    ([GRAPH_ENTRY, TABLES_ENTRY, TABLES_ENTRY], 3, "E_ORDER", 38),
    ([GRAPH_ENTRY, NOTES_ENTRY, TENSOR_ENTRY], 3, "E_ORDER", 38),
    # Nothing of an entry that is out of order is looked at any further.
    ([GRAPH_ENTRY, b"\x01"], 2, "E_ORDER", 19),
    ([entry(1, b"\x81\x00", ONE)], 1, "E_VARINT", 1),
    ([entry(1, b"\xff" * 9, ONE)], 1, "E_VARINT", 1),
    ([entry(1, samples.varint(2**40), ONE)], 1, "E_LIMIT", 1),
    ([entry(1, LONG, samples.varint(2**31 + 1))], 1, "E_LIMIT", 7),
    ([entry(1, ONE, b"\x00")], 1, "E_SIZE", 2),
    ([GRAPH_ENTRY, entry(4, ONE, b"\x00")], 2, "E_SIZE", 21),
    ([GRAPH_ENTRY, entry(3, ONE, ONE)], 2, "E_SIZE", 21),
    ([GRAPH_ENTRY, entry(0x81, ONE, ONE)], 2, "E_SIZE", 21),
    ([entry(1, ONE, samples.varint(131073))], 1, "E_EXPANSION", 2),
    # ... before the digest, which is cut off.
    ([entry(1, ONE, samples.varint(131073), b"")], 1, "E_EXPANSION", 2),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "count", "error", "place"), DIRECTORY)
def test_directories(entries: list[bytes], count: int, error: str, place: int) -> None:
    assert raised(file_of(*entries, count=count)) == (error, 28 + place)


def test_the_largest_expansion_that_is_allowed() -> None:
    data = file_of(entry(1, ONE, samples.varint(131072)), rest=1)
    assert read_directory(BytesSource(data)).graph.output == 131072
    data = file_of(GRAPH_ENTRY, entry(4, b"\x00", samples.varint(65536)), rest=5)
    assert read_directory(BytesSource(data)).tensors[0].output == 65536


def test_sections_and_file_end_together() -> None:
    start = 32 + 38
    assert raised(file_of(GRAPH_ENTRY, TENSOR_ENTRY, rest=4)) == ("E_TRUNCATED", start)
    assert raised(file_of(GRAPH_ENTRY, TENSOR_ENTRY, rest=5)) == ("E_TRUNCATED", start + 5)
    assert raised(file_of(GRAPH_ENTRY, TENSOR_ENTRY, rest=7)) == ("E_TRAILING", start + 6)
    far = entry(0x90, LONG, b"\x00")
    assert raised(file_of(GRAPH_ENTRY, *[far] * 9, rest=5)) == ("E_TRUNCATED", 32 + 19 + 9 * len(far) + 5)


def test_a_directory_may_be_large() -> None:
    data = file_of(GRAPH_ENTRY, *[TENSOR_ENTRY] * 2000)
    assert len(read_directory(BytesSource(data)).tensors) == 2000


def test_sections_are_checked_when_they_are_read() -> None:
    source = BytesSource(file_of(GRAPH_ENTRY))
    section = read_directory(source).graph
    with pytest.raises(FormatError) as caught:
        read_section(source, section)
    assert (caught.value.id, caught.value.offset) == ("E_DIGEST", 51)

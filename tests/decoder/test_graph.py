"""GRAPH content: files, splices and names."""

from __future__ import annotations

import pytest
from nntc.decoder.graph import Graph, read_graph
from nntc.decoder.splices import FRESH
from nntc.errors import FormatError

from conformance.proof import samples
from conformance.reference_decoder import NntcError
from conformance.reference_decoder import graph as reference
from conformance.reference_decoder.container import MAIN, Entry

HASH = bytes(32)
NO_BASE = samples.varint(0)
OFFSET = 77
FileHead = tuple[int, bytes, tuple[int, int] | None]


def read(content: bytes, tensors: int, size: int = 1000) -> Graph:
    return read_graph(samples.zstd(content), OFFSET, len(content), tensors, size)


def raised(content: bytes, tensors: int = 0, size: int = 1000) -> str:
    with pytest.raises(FormatError) as caught:
        read(content, tensors, size)
    assert caught.value.offset == OFFSET
    data = samples.zstd(content)
    with pytest.raises(NntcError) as expected:
        reference.read_graph(data, Entry(1, OFFSET, len(data), len(content), b""), MAIN, tensors, size)
    assert (expected.value.error, expected.value.offset) == (caught.value.id, OFFSET)
    return caught.value.id


def content(
    splices: list[tuple[int, int]] | None = None, skeleton: bytes = b"", files: list[FileHead] | None = None
) -> bytes:
    return samples.graph_content(files or [(9, HASH, None)], splices or [], skeleton)


def named(*names: bytes) -> bytes:
    skeleton = b"".join(names)
    files: list[FileHead] = [(1, HASH, None)]
    at = 0
    for name in names:
        files.append((0, HASH, (at, len(name))))
        at += len(name)
    return content(skeleton=skeleton, files=files)


def test_splices_are_resolved() -> None:
    # Two sections of two and three parts, a part out of order, and a repetition of a repetition.
    splices = read(content([(1, 0), (0, 0), (0, 3), (2, 1), (0, 2), (0, 1), (0, 4)], b"abc"), 2).splices
    assert list(splices.runs) == [1, 0, 0, 2, 0, 0, 0]
    assert list(zip(splices.tensors, splices.parts, strict=True)) == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (1, 1),
        (1, 2),
        (1, 1),
    ]
    assert list(splices.origins) == [FRESH, FRESH, FRESH, FRESH, 3, FRESH, 4]
    assert list(splices.used) == [2, 3]


def test_skeleton_and_names() -> None:
    graph = read(named(b"a.bin", b"B.bin"), 0)
    assert bytes(graph.skeleton) == b"a.binB.bin"
    assert [f.name for f in graph.files] == [None, "a.bin", "B.bin"]
    assert graph.size == 1


@pytest.mark.parametrize(
    ("data", "tensors", "error"),
    [
        (samples.varint(2049), 0, "E_LIMIT"),
        (b"\x01" + samples.varint(2**48), 0, "E_LIMIT"),
        (b"\x01\x05" + bytes(31), 0, "E_TRUNCATED"),
        (NO_BASE + b"\x00", 0, "E_LIMIT"),
        (NO_BASE + samples.varint(65537), 0, "E_LIMIT"),
        (NO_BASE + b"\x81\x00", 0, "E_VARINT"),
        (NO_BASE + b"\x01" + samples.varint(2**48), 0, "E_LIMIT"),
        (NO_BASE + b"\x01\x05" + bytes(31), 0, "E_TRUNCATED"),
        (NO_BASE + b"\x01\x05" + HASH, 0, "E_TRUNCATED"),
        (NO_BASE + b"\x02\x05" + HASH + b"\x05" + HASH + b"\x00\x00", 0, "E_FILE_NAME"),
        (NO_BASE + b"\x02\x05" + HASH + b"\x05" + HASH + b"\x00" + samples.varint(1025), 0, "E_FILE_NAME"),
        (NO_BASE + b"\x01\x05" + HASH + samples.varint(2**20 + 1), 0, "E_LIMIT"),
        (content([(0, 0)]), 0, "E_SPLICE"),
        (content([(0, 1)]), 1, "E_SPLICE"),
        (content([(0, 0), (0, 3)]), 1, "E_SPLICE"),
        (content([(0, 2)]), 1, "E_SPLICE"),
        (content([(0, 0), (0, 4)]), 1, "E_SPLICE"),
        (content([(0, 0)]), 2, "E_SPLICE"),
        (content(), 1, "E_SPLICE"),
        (content([(1, 0)]), 1, "E_SPLICE"),
        (content([(2**63 - 1, 0), (2**63 - 1, 2), (3, 2)], b"abc"), 1, "E_SPLICE"),
        # A splice that cannot be resolved comes before one after it that cannot be read.
        (content([(0, 3)])[:-2] + b"\x01\x00\x03", 0, "E_SPLICE"),
        (NO_BASE + b"\x01\x05" + HASH + b"\x02\x00\x03\x80\x00", 0, "E_SPLICE"),
        (NO_BASE + b"\x01\x05" + HASH + b"\x02\x00\x80\x00\x03", 0, "E_VARINT"),
        (NO_BASE + b"\x01\x05" + HASH + b"\x02\x00\x00\x00", 1, "E_TRUNCATED"),
        (named(b"a", b"a"), 0, "E_FILE_NAME"),
        (named(b"a", b"a/b"), 0, "E_FILE_NAME"),
        (named(b"a/b", b"a"), 0, "E_FILE_NAME"),
        (named(b"x" * 5, b"../a"), 0, "E_FILE_NAME"),
        (content(files=[(9, HASH, None), (0, HASH, (0, 3))], skeleton=b"ab"), 0, "E_FILE_NAME"),
        (content(files=[(9, HASH, None), (0, HASH, (2**63 - 1, 1))], skeleton=b"ab"), 0, "E_FILE_NAME"),
    ],
)
def test_bad_content(data: bytes, tensors: int, error: str) -> None:
    assert raised(data, tensors) == error


def test_output_is_at_most_so_many_times_the_file() -> None:
    files: list[FileHead] = [(65536 * 999, HASH, None), (65537, HASH, (0, 1))]
    assert raised(content(files=files, skeleton=b"a")) == "E_EXPANSION"
    # Before anything after the files is read.
    assert raised(content(files=files)[:-1]) == "E_EXPANSION"
    read(content(files=[(65536 * 1000, HASH, None)]), 0)


def test_content_has_the_size_that_the_directory_says() -> None:
    data = content()
    for size in (len(data) - 1, len(data) + 1):
        with pytest.raises(FormatError) as caught:
            read_graph(samples.zstd(data), OFFSET, size, 0, 1000)
        assert (caught.value.id, caught.value.offset) == ("E_ZSTD", OFFSET)


def test_letters_beyond_ascii_are_not_folded() -> None:
    assert len(read(named("ä".encode(), "Ä".encode()), 0).files) == 3


def test_many_splices() -> None:
    splices = [(0, 0)] + [(0, 2)] * 70_000
    least = (70_001 - 1024 + 15) // 16
    assert len(read(content(splices), 1, least).splices) == 70_001
    assert raised(content(splices)[:-1], 1, least) == "E_TRUNCATED"
    assert raised(content(splices), 1, least - 1) == "E_LIMIT"


def test_files_are_at_most_as_many_as_a_file_of_this_size_has_hashes_for() -> None:
    files: list[FileHead] = [(0, HASH, None), *[(0, HASH, (0, 1))] * 1024]
    assert raised(content(files=files), size=31) == "E_LIMIT"
    assert raised(content(files=files), size=32) == "E_FILE_NAME"

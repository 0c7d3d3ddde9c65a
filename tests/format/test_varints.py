from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.varints import SVARINT, VARINT, VarInts, varints

from conformance.proof import samples
from conformance.reference_decoder import NntcError
from conformance.reference_decoder.bits import Reader

NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 2**63 - 1), st.integers(0, 62).map(lambda k: 1 << k))


def outcome(data: bytes, count: int) -> tuple[list[int], list[int], tuple[str, int | None] | None]:
    """Values and offsets up to the first fault, and the fault, one varint at a time."""
    stream = SectionStream(data, 100)
    values, offsets = [], []
    for _ in range(count):
        offsets.append(stream.at())
        try:
            values.append(VARINT.read(stream))
        except FormatError as e:
            return values, offsets[:-1], (e.id, e.offset)
    return values, offsets, None


@given(NUMBERS)
def test_varints_come_back_and_are_minimal(value: int) -> None:
    data = VARINT.put(value)
    assert data == samples.varint(value)
    assert VARINT.read(SectionStream(data, 0)) == value
    assert len(data) == max(1, -(-value.bit_length() // 7))


@given(st.integers(-(2**62), 2**62 - 1))
def test_svarints_come_back(value: int) -> None:
    data = SVARINT.put(value)
    assert data == samples.svarint(value)
    assert SVARINT.read(SectionStream(data, 0)) == value
    assert VarInts(lambda *_: 1, signed=True).read(SectionStream(data, 0)).tolist() == [value]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "E_TRUNCATED"),
        (b"\x80", "E_TRUNCATED"),
        (b"\xff" * 8, "E_TRUNCATED"),
        (b"\x80\x00", "E_VARINT"),
        (b"\xff\x80\x00", "E_VARINT"),
        (b"\xff" * 9, "E_VARINT"),
        (b"\xff" * 9 + b"\x01", "E_VARINT"),
        (b"\xff" * 8 + b"\x00", "E_VARINT"),
    ],
)
def test_bad_varints(data: bytes, error: str) -> None:
    for read in (lambda s: VARINT.read(s), lambda s: list(varints(s, 3))):
        with pytest.raises(FormatError) as caught:
            read(SectionStream(data, 7))
        assert (caught.value.id, caught.value.offset) == (error, 7)


@given(st.lists(NUMBERS, max_size=40), st.binary(max_size=12), st.integers(-3, 3))
def test_arrays_of_varints_are_read_as_one_by_one(values: list[int], rest: bytes, more: int) -> None:
    data = b"".join(map(samples.varint, values)) + rest
    count = max(0, len(values) + more)
    stream = SectionStream(data, 100)
    found: list[int] = []
    offsets: list[int] = []
    fault = None
    try:
        for own, places in varints(stream, count):
            found += own.tolist()
            offsets += places.tolist()
    except FormatError as e:
        fault = e.id, e.offset
    assert (found, offsets, fault) == outcome(data, count)
    if fault is None:
        assert stream.tell() == sum(len(samples.varint(v)) for v in found)


def test_long_arrays_of_varints_are_read_in_pieces() -> None:
    values = [i * 37 for i in range(150_000)]
    stream = SectionStream(b"".join(map(samples.varint, values)) + b"\x01", 0)
    pieces = [own.tolist() for own, _ in varints(stream, len(values))]
    assert len(pieces) == 3
    assert [value for piece in pieces for value in piece] == values
    assert stream.read() == b"\x01"


def test_in_decompressed_content_every_offset_is_the_section() -> None:
    stream = SectionStream(b"\x01\x02\x80\x00", 50, opaque=True)
    with pytest.raises(FormatError) as caught:
        list(varints(stream, 3))
    assert caught.value.offset == 50


@given(st.integers(1, 3).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_every_short_varint_is_read_as_the_specification_says(data: bytes) -> None:
    reader = Reader(data, 0)
    try:
        expected: object = reader.varint()
    except NntcError as e:
        expected = e.error
    try:
        found: object = VARINT.read(SectionStream(data, 0))
    except FormatError as e:
        found = e.id
    assert found == expected

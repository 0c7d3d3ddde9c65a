"""Splices with ranges of a base, beside those of the second decoder (others: test_graph)."""

from __future__ import annotations

import pytest
from nntc.decoder.splices import BASE, FRESH, is_within_one, read_splices
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.graph import BaseFile

from conformance.generator.fields import svarint, varint

BASES = (BaseFile(10, bytes(32)), BaseFile(0, bytes(32)), BaseFile(5, bytes(32)))


def read(*numbers: bytes, tensors: int = 0) -> list[tuple[int, int, int]]:
    """For each splice the section, or `BASE`, with part or place, and the origin."""
    stream = SectionStream(b"".join(numbers), 7, opaque=True)
    splices = read_splices(stream, tensors, 100, BASES)
    stream.finish("splices")
    places = [
        splices.range(i)[0] if tensor == BASE else splices.parts[i]
        for i, tensor in enumerate(splices.tensors)
    ]
    return list(zip(splices.tensors, places, splices.origins, strict=True))


def base_range(offset: int, length: int) -> bytes:
    return varint(0) + varint(1) + svarint(offset) + varint(length)


def test_ranges_follow_each_other_and_codes_are_one_higher() -> None:
    opened, part, again = (varint(3) + varint(code) for code in (0, 2, 5))
    found = read(varint(5), base_range(2, 4), opened, base_range(-6, 10), part, again, tensors=1)
    assert found == [(BASE, 2, FRESH), (0, 0, FRESH), (BASE, 0, FRESH), (0, 1, FRESH), (BASE, 0, 2)]


@pytest.mark.parametrize(("offset", "length"), [(0, 0), (-1, 2), (5, 6), (10, 6), (15, 1), (0, 2**62)])
def test_ranges_lie_in_one_file(offset: int, length: int) -> None:
    with pytest.raises(FormatError, match="E_SPLICE @ 7"):
        read(varint(1), base_range(offset, length))


def test_within_one() -> None:
    ends = [10, 10, 15]
    assert [is_within_one(ends, start, 5) for start in (-1, 0, 5, 6, 9, 10, 11)] == [
        False, True, True, False, False, True, False,
    ]  # fmt: skip
    assert not is_within_one([], 0, 1)

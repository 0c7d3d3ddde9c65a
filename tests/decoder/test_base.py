"""The base of an update: found by size and SHA-256, read at any place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nntc.decoder.base import Base, base_of
from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError
from nntc.sources.source import BytesSource, Source

from tests.conformance.vectors import VECTORS, read
from tests.conformance.vectors import base_of as base_files

TWO = VECTORS["update-two-bases"]


def test_bytes_are_read_within_a_file() -> None:
    base = Base([BytesSource(b"abc"), BytesSource(b""), BytesSource(b"defgh")])
    assert (base.read(0, 3), base.read(3, 5), base.read(5, 2)) == (b"abc", b"defgh", b"fg")


def test_files_in_any_order_among_others() -> None:
    files = base_files(TWO)
    expected = decode_bytes(read(TWO), base=files)
    assert decode_bytes(read(TWO), base=[b"", files[1], files[1][:-1], files[0]]) == expected


@pytest.mark.parametrize("given", [[], [0], [1]])
def test_what_is_missing_is_told(given: list[int]) -> None:
    files = base_files(TWO)
    with pytest.raises(FormatError, match=r"E_BASE @ \d+: an update: it needs its base, 2 files") as caught:
        decode_bytes(read(TWO), base=[files[number] for number in given])
    assert f"{len(given)} of them given" in str(caught.value)


def test_no_more_is_looked_at_than_is_needed() -> None:
    class Graph:
        bases = ()
        offset = 0

    def candidates() -> Iterator[Source]:
        raise AssertionError
        yield

    assert isinstance(base_of(Graph(), candidates()), Base)  # type: ignore[arg-type]

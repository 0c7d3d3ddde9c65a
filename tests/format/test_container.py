from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.container import ENTRY, HEADER, HEADER_SIZE, Entry, Header, digest_of
from nntc.format.fields import SectionStream
from nntc.format.registry import Profile, SectionType

SIGNATURE = bytes.fromhex("8E4E4E540D0A1A0A")
DIGEST = bytes(range(16))
VALID = Header(SIGNATURE, 1, 3, 0, Profile.MAIN, 2, 9, 5000, 77)


def test_a_header_comes_back() -> None:
    data = HEADER.write(VALID)
    assert len(data) == HEADER_SIZE
    assert HEADER.read(SectionStream(data, 0)) == VALID


@pytest.mark.parametrize(
    ("place", "value", "error"),
    [
        (0, 0, "E_SIGNATURE"),
        (8, 2, "E_VERSION"),
        (10, 4, "E_RESERVED"),
        (10, 1, "E_VERSION"),
        (11, 3, "E_PROFILE"),
        (12, 0, "E_LIMIT"),
        (19, 2, "E_LIMIT"),
    ],
)
def test_header_fields_have_ranges(place: int, value: int, error: str) -> None:
    data = bytearray(HEADER.write(VALID))
    data[place] = value
    with pytest.raises(FormatError) as caught:
        HEADER.read(SectionStream(bytes(data), 0))
    assert (caught.value.id, caught.value.offset) == (error, {19: 16}.get(place, place))


@pytest.mark.parametrize(
    ("entry", "before", "error"),
    [
        (Entry(0x80, 0, 0, DIGEST), SectionType.TENSOR, "E_RESERVED"),
        (Entry(2, 0, 0, DIGEST), SectionType.GRAPH, "E_UNSUPPORTED"),
        (Entry(SectionType.TENSOR, 1, 1, DIGEST), 0, "E_ORDER"),
        (Entry(SectionType.TABLES, 1, 0, DIGEST), SectionType.TABLES, "E_ORDER"),
        (Entry(SectionType.TENSOR, 1, 0, DIGEST), SectionType.GRAPH, "E_SIZE"),
        (Entry(SectionType.NOTES, 1, 1, DIGEST), SectionType.GRAPH, "E_SIZE"),
        (Entry(SectionType.TENSOR, 1, 131073, DIGEST), SectionType.GRAPH, "E_EXPANSION"),
        (Entry(SectionType.TENSOR, 1, 131072, DIGEST), SectionType.TABLES, None),
        (Entry(0xF0, 1, 0, DIGEST), SectionType.NOTES, None),
        (Entry(0x82, 1, 0, DIGEST), 0, None),
        (Entry(0x8F, 1, 0, DIGEST), 0x82, None),
        (Entry(SectionType.GRAPH, 1, 1, DIGEST), 0x8F, None),
        (Entry(SectionType.TENSOR, 1, 1, DIGEST), 0x8F, "E_ORDER"),
        (Entry(SectionType.NOTES, 1, 0, DIGEST), 0x82, "E_ORDER"),
        (Entry(0x82, 1, 0, DIGEST), 0x83, "E_ORDER"),
        (Entry(0x82, 1, 0, DIGEST), SectionType.NOTES, "E_ORDER"),
        (Entry(SectionType.GRAPH, 1, 1, DIGEST), SectionType.GRAPH, "E_ORDER"),
    ],
)
def test_entries_have_an_order_and_outputs(entry: Entry, before: int, error: str | None) -> None:
    stream = SectionStream(ENTRY.write(entry), 0)
    if error is None:
        assert ENTRY.read(stream, before=before, is_last=False) == entry
        return
    with pytest.raises(FormatError) as caught:
        ENTRY.read(stream, before=before, is_last=False)
    assert caught.value.id == error


def test_graph_comes_after_leading_sections() -> None:
    with pytest.raises(FormatError, match="E_ORDER @ 0"):
        ENTRY.read(SectionStream(ENTRY.write(Entry(0x82, 1, 0, DIGEST)), 0), before=0, is_last=True)


def test_a_digest_is_half_of_a_sha_256() -> None:
    # The first of the examples of FIPS 180-4.
    assert digest_of(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223"

from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.container import ENTRY, HEADER, HEADER_SIZE, Entry, Header, memory_bound
from nntc.format.fields import SectionStream
from nntc.format.registry import Profile, SectionType

SIGNATURE = bytes.fromhex("8E4E4E540D0A1A0A")
VALID = Header(SIGNATURE, 1, 3, 0, Profile.MAIN, 2, 9, 77)


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
        (11, 2, "E_PROFILE"),
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
        (Entry(0x80, 0, 0, 0), SectionType.TENSOR, "E_RESERVED"),
        (Entry(2, 0, 0, 0), SectionType.GRAPH, "E_UNSUPPORTED"),
        (Entry(SectionType.TENSOR, 1, 1, 0), 0, "E_ORDER"),
        (Entry(SectionType.TABLES, 1, 0, 0), SectionType.TABLES, "E_ORDER"),
        (Entry(SectionType.TENSOR, 1, 0, 0), SectionType.GRAPH, "E_SIZE"),
        (Entry(SectionType.NOTES, 1, 1, 0), SectionType.GRAPH, "E_SIZE"),
        (Entry(SectionType.TENSOR, 1, 131073, 0), SectionType.GRAPH, "E_EXPANSION"),
        (Entry(SectionType.TENSOR, 1, 131072, 0), SectionType.TABLES, None),
        (Entry(0xF0, 1, 0, 0), SectionType.NOTES, None),
    ],
)
def test_entries_have_an_order_and_outputs(entry: Entry, before: int, error: str | None) -> None:
    stream = SectionStream(ENTRY.write(entry), 0)
    if error is None:
        assert ENTRY.read(stream, before=before) == entry
        return
    with pytest.raises(FormatError) as caught:
        ENTRY.read(stream, before=before)
    assert caught.value.id == error


def test_the_memory_bound_is_that_of_the_specification() -> None:
    assert memory_bound(3, 10, 100, 1000) == 256 * 2**20 + 512 * 3 + 6 * 10 + 2 * 100 + 6 * 1000

"""INDEX as it is written, and read by the package and by the reference decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.index import MAX_NAME, MAX_PART, MAX_RANK, IndexEntry, write_index
from nntc.reader.index import read_index

from conformance.reference_decoder.index import read_index as read_by_reference

TENSORS = 200
NAMES = st.text("ab./é\0", min_size=1, max_size=12).map(str.encode)
PLACES = st.one_of(
    st.just((range(0), 0)),
    st.tuples(st.integers(0, TENSORS - 1).map(lambda s: range(s, s + 1)), st.integers(0, MAX_PART)),
    st.integers(0, TENSORS - 9).map(lambda s: (range(s, s + 9), 0)),
)
ENTRIES = st.builds(
    lambda name, data_type, dims, place: IndexEntry(name, data_type, dims, *place),
    NAMES,
    st.integers(0, 255),
    st.lists(st.sampled_from((0, 1, 2, 127, 128, 1000)), max_size=4).map(tuple),
    PLACES,
)


@given(st.lists(ENTRIES, max_size=20, unique_by=lambda entry: entry.name))
def test_what_is_written_is_read(entries: list[IndexEntry]) -> None:
    data = write_index(entries)
    found = read_index(data, TENSORS)
    assert found is not None
    assert list(found.values()) == sorted(entries, key=lambda entry: entry.name)
    second = read_by_reference(data, TENSORS)
    assert second is not None
    assert [(e.name, e.data_type, e.dims, e.sections, e.section, e.part) for e in second] == [
        (name, e.data_type, e.dims, len(e.sections), e.sections.start, e.part) for name, e in found.items()
    ]


@given(st.lists(ENTRIES, min_size=1, max_size=4, unique_by=lambda entry: entry.name), st.data())
def test_damage_is_seen_alike_by_both(entries: list[IndexEntry], data: st.DataObject) -> None:
    index = bytearray(write_index(entries))
    for _ in range(data.draw(st.integers(1, 3))):
        index[data.draw(st.integers(0, len(index) - 1))] = data.draw(st.integers(0, 255))
    ours, theirs = read_index(bytes(index), TENSORS), read_by_reference(bytes(index), TENSORS)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert list(ours) == [entry.name for entry in theirs]


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"name": b""}, False),
        ({"name": b"n" * MAX_NAME}, True),
        ({"name": b"n" * (MAX_NAME + 1)}, False),
        ({"dims": (1,) * MAX_RANK}, True),
        ({"dims": (1,) * (MAX_RANK + 1)}, False),
        ({"dims": (-1,)}, False),
        ({"dims": (0, 1 << 47)}, True),
        ({"dims": (0, 1 << 48)}, False),
        ({"data_type": -1}, False),
        ({"data_type": 256}, False),
        ({"part": MAX_PART + 1}, False),
    ],
)
def test_what_an_index_can_hold(changed: dict[str, object], fits: bool) -> None:
    fields: dict[str, object] = {"name": b"n", "data_type": 1, "dims": (2,), "sections": range(1)} | changed
    assert IndexEntry(**fields).fits == fits  # type: ignore[arg-type]

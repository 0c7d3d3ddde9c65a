from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.rans import RANS_HEAD, RANS_LANES, SHARED_BASE, RansHead, RansLanes, RansMode
from nntc.format.registry import ViewKind
from nntc.format.view import View

VIEW = View(ViewKind.MATRIX, 2, 3)


@pytest.mark.parametrize(
    ("head", "view", "error"),
    [
        (b"\x04", VIEW, "E_RESERVED"),
        (b"\x01\x02", None, "E_VIEW"),
        (b"\x01\x01", VIEW, "E_LIMIT"),
        (b"\x01\x41", VIEW, "E_LIMIT"),
    ],
)
def test_contexts_need_a_view_and_are_two_to_64(head: bytes, view: View | None, error: str) -> None:
    with pytest.raises(FormatError) as caught:
        RANS_HEAD.read(SectionStream(head, 0), view=view)
    assert caught.value.id == error


def test_a_head_comes_back() -> None:
    for head in (RansHead(RansMode(0)), RansHead(RansMode.CONTEXTS | RansMode.SHARED_TABLES, 64)):
        stream = SectionStream(RANS_HEAD.write(head), 0)
        assert RANS_HEAD.read(stream, view=VIEW) == head


@pytest.mark.parametrize(("base", "is_there"), [(0, True), (3, True), (4, False)])
def test_shared_tables_must_be_there(base: int, is_there: bool) -> None:
    stream = SectionStream(SHARED_BASE.put(base), 0)
    if is_there:
        assert SHARED_BASE.read(stream, needed=2, shared=5) == base
    else:
        with pytest.raises(FormatError):
            SHARED_BASE.read(stream, needed=2, shared=5)


@pytest.mark.parametrize(
    ("lanes", "count", "segment", "error"),
    [
        (2, 2, 1, None),
        (3, 2, 1, "E_LIMIT"),
        (2, 8, 4, None),
        (3, 8, 4, "E_LIMIT"),
        (1, 8193, 1, "E_LIMIT"),
        (1, 8192, 8192, None),
    ],
)
def test_lanes_fit_the_tokens(lanes: int, count: int, segment: int, error: str | None) -> None:
    states = (1 << 16).to_bytes(4, "little") * lanes
    stream = SectionStream(RANS_LANES.write(RansLanes(lanes, 0, states, b"")), 0)
    if error is None:
        assert RANS_LANES.read(stream, count=count, segment=segment).states == states
        return
    with pytest.raises(FormatError) as caught:
        RANS_LANES.read(stream, count=count, segment=segment)
    assert caught.value.id == error


def test_states_are_not_too_small() -> None:
    stream = SectionStream(RANS_LANES.write(RansLanes(1, 0, b"\xff\xff\0\0", b"")), 0)
    with pytest.raises(FormatError) as caught:
        RANS_LANES.read(stream, count=1, segment=1)
    assert (caught.value.id, caught.value.offset) == ("E_ENTROPY", 2)

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.record import RECORD_HEAD, RecordHead
from nntc.format.registry import ElementType, Tool, ViewKind
from nntc.format.view import View

VIEWS = st.one_of(
    st.builds(View, st.sampled_from([ViewKind.MATRIX, ViewKind.TRANSPOSED]), *[st.integers(1, 300)] * 3),
    st.lists(st.integers(1, 300), min_size=1).map(lambda n: View(ViewKind.RAGGED, len(n), lengths=tuple(n))),
)


FIRST = {"number": 0, "first": None, "has_base": False}


@given(VIEWS)
def test_heads_come_back(view: View) -> None:
    stream = SectionStream(RECORD_HEAD.write(RecordHead.of(Tool.UNIFORM, ElementType.BFLOAT16, view)), 0)
    found = RECORD_HEAD.read(stream, **FIRST)
    assert (found.tool, found.element, found.view) == (Tool.UNIFORM, ElementType.BFLOAT16, view)
    stream.finish("record head")


@pytest.mark.parametrize(
    ("data", "error", "offset"),
    [
        (b"\x40", "E_UNSUPPORTED", 0),
        (b"\x3a", "E_REFERENCE", 0),
        (b"\x34", "E_TYPE", 0),
        (b"\x07", "E_RESERVED", 0),
        (b"\x05", "E_TYPE", 0),
        (b"\x16", "E_TYPE", 0),
        (b"\x35", "E_TYPE", 0),
        (b"\x14", "E_TYPE", 0),
        (b"\x20", "E_TYPE", 0),
        (b"\x00\x03", "E_RESERVED", 1),
        (b"\x00\x00\x00", "E_LIMIT", 2),
        (b"\x00\x00\x01\x00", "E_LIMIT", 3),
        (b"\x00\x00\x01\x01\x00", "E_LIMIT", 4),
        (b"\x00\x02\x81\x80\x04", "E_LIMIT", 2),
        (b"\x00\x02\x02\x01\x00", "E_LIMIT", 4),
        (b"\x00\x00\x80\x80\x80\x80\x08", "E_LIMIT", 2),
    ],
)
def test_faults_and_their_places(data: bytes, error: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        RECORD_HEAD.read(SectionStream(data, 0), **FIRST)
    assert (caught.value.id, caught.value.offset) == (error, offset)


@pytest.mark.parametrize(
    ("code", "given", "error"),
    [
        (0x3A, {"number": 0, "first": None, "has_base": True}, None),
        (0x3A, {"number": 15, "first": ElementType.FLOAT32, "has_base": False}, None),
        (0x3A, {"number": 16, "first": ElementType.FLOAT32, "has_base": False}, "E_LIMIT"),
        (0x3B, {"number": 1, "first": ElementType.FLOAT32, "has_base": True}, "E_TYPE"),
    ],
)
def test_records_after_each_other(code: int, given: dict[str, Any], error: str | None) -> None:
    view = View(ViewKind.MATRIX, 1)
    data = bytes([code]) + RECORD_HEAD.write(RecordHead.of(Tool.DIFFERENCE, ElementType.FLOAT32, view))[1:]
    if error is None:
        assert RECORD_HEAD.read(SectionStream(data, 0), **given).tool is Tool.DIFFERENCE
        return
    with pytest.raises(FormatError, match=error):
        RECORD_HEAD.read(SectionStream(data, 0), **given)

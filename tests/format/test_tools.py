from __future__ import annotations

import pytest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import ElementType, ViewKind
from nntc.format.tools import (
    CODEBOOK_HEAD,
    PLANES_HEAD,
    ROW_BASES,
    UNIFORM_HEAD,
    CodebookHead,
    PlanesFlags,
    PlanesHead,
    UniformFlags,
    UniformHead,
    codebook_entries,
)
from nntc.format.trellis import Trellis
from nntc.format.view import View

MATRIX = View(ViewKind.MATRIX, 2, 3, 9)
RAGGED = View(ViewKind.RAGGED, 2, lengths=(3, 4))
STEP = b"\0\0\x80\x3f"


def test_planes_heads_come_back() -> None:
    common = PlanesHead(PlanesFlags.ROTATE | PlanesFlags.COMMON, 1, b"\7\0\0", 3)
    for head in (PlanesHead(PlanesFlags(0)), common):
        stream = SectionStream(PLANES_HEAD.write(head), 0)
        assert PLANES_HEAD.read(stream, element=ElementType.FLOAT16, size=3) == head


def test_codebook_entries_are_the_upper_bytes_of_elements() -> None:
    head = CodebookHead(2, 2, b"\0\x3f\x80\x3f")
    assert CODEBOOK_HEAD.read(SectionStream(CODEBOOK_HEAD.write(head), 0), width=4) == head
    assert codebook_entries(head.entries, 2, 4).tolist() == [0x3F000000, 0x3F800000]
    with pytest.raises(FormatError) as caught:
        CODEBOOK_HEAD.read(SectionStream(b"\1\2\5\5", 0), width=4)
    assert (caught.value.id, caught.value.offset) == ("E_CODEBOOK", 2)


def test_uniform_heads_come_back() -> None:
    every = UniformFlags.EIGHT_STATES | UniformFlags.TRANSFORM | UniformFlags.OFFSET
    for head in (UniformHead(UniformFlags(0), 0.5), UniformHead(every, 0.25, -2.0, 0x22, 0)):
        stream = SectionStream(UNIFORM_HEAD.write(head), 0)
        assert UNIFORM_HEAD.read(stream, view=MATRIX) == head
    assert every.trellis is Trellis.EIGHT_STATES
    assert UniformFlags(3).trellis is Trellis.MANY_STATES


@pytest.mark.parametrize(
    ("data", "view", "error", "offset"),
    [
        (b"\x80", MATRIX, "E_RESERVED", 0),
        (b"\x83", MATRIX, "E_RESERVED", 0),
        (b"\x40", MATRIX, "E_VIEW", 0),
        (b"\x04", RAGGED, "E_VIEW", 0),
        (b"\x00\0\0\0\0", MATRIX, "E_STEP", 1),
        (b"\x20" + STEP + b"\0\0\0\x80", MATRIX, "E_STEP", 5),
        (b"\x04" + STEP + b"\x22\x07", MATRIX, "E_RESERVED", 6),
        (b"\x04" + STEP + b"\x22\x01", MATRIX, "E_VIEW", 6),
    ],
)
def test_uniform_faults(data: bytes, view: View, error: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        UNIFORM_HEAD.read(SectionStream(data, 0), view=view)
    assert (caught.value.id, caught.value.offset) == (error, offset)


def test_row_bases_are_signed() -> None:
    assert ROW_BASES.read(SectionStream(ROW_BASES.put([-5, 0, 2**31 - 1]), 0), rows=3).tolist() == [
        -5,
        0,
        2**31 - 1,
    ]

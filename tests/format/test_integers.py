from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.integers import INTEGER_HEAD, IntegerFlags, IntegerHead
from nntc.format.registry import Coder, Profile

F = IntegerFlags


def head(flags: int, min_level: int = 0, **fields: Any) -> bytes:
    return INTEGER_HEAD.write(IntegerHead(F(flags), min_level, **fields))


def test_a_head_with_everything_comes_back() -> None:
    flags = F(Coder.HUFFMAN) | F.ESCAPE | F.LOW_BITS | F.SPARSE
    escapes = np.array([-500, 300])
    data = head(flags, -3, low_bits=4, escape_count=2, escapes=escapes, background=-1, count=7)
    found = INTEGER_HEAD.read(SectionStream(data, 0), profile=Profile.FULL, size=9, trellis=0)
    assert found.flags.coder is Coder.HUFFMAN
    assert (found.min_level, found.low_bits, found.background, found.count) == (-3, 4, -1, 7)
    assert found.escapes is not None
    assert found.escapes.tolist() == [-500, 300]


@pytest.mark.parametrize(
    ("data", "trellis", "error", "offset"),
    [
        (b"\x40\x00", 0, "E_RESERVED", 0),
        (b"\x05\x00", 0, "E_RESERVED", 0),
        (head(Coder.PACKED), 1, "E_TRELLIS", 0),
        (head(F(Coder.RANS) | F.LOW_BITS, low_bits=1), 1, "E_TRELLIS", 0),
        (head(Coder.RANS, 1), 1, "E_TRELLIS", 1),
        (head(F(1) | F.ESCAPE, escape_count=10, escapes=[]), 0, "E_LIMIT", 2),
        (head(F(1) | F.ESCAPE, escape_count=2, escapes=[-1, 254]), 0, "E_ESCAPE", 4),
        (head(F(1) | F.ESCAPE, escape_count=2, escapes=[-1, -2]), 2, "E_TRELLIS", 4),
        (head(F(1) | F.ESCAPE, escape_count=1, escapes=[2**31]), 0, "E_LIMIT", 3),
        (head(F(1) | F.SPARSE, background=0, count=0), 0, "E_LIMIT", 3),
    ],
)
def test_faults_and_their_places(data: bytes, trellis: int, error: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        INTEGER_HEAD.read(SectionStream(data, 0), profile=Profile.FULL, size=9, trellis=trellis)
    assert (caught.value.id, caught.value.offset) == (error, offset)

"""Files that cost most for each byte: valid, no worse than is stated, and stopped by limits."""

from __future__ import annotations

import nntc
import pytest
from nntc.format.container import MAX_EXPANSION
from nntc.limits import Limits

from benchmarks.bombs import BOMBS, files, repeats

WORST = {
    "repeats": 16 + 1024 / 150,  # splices, of which 1,024 are free
    "constant": MAX_EXPANSION,  # output bytes
    "transform": MAX_EXPANSION // 2,  # elements of two bytes
    "values": MAX_EXPANSION // 2,
    "codebook": MAX_EXPANSION // 2,
    "tokens": MAX_EXPANSION,
    "segments": MAX_EXPANSION // 4 // 2,  # of two elements
    "sections": 1 / 37,
    "tables": 1_171,  # slots: 4,096 from 28 bits
    "files": 1 / 32 + 1024 / 2200,  # of which 1,024 are free
}
"""Work for each byte of a file."""


def test_work_for_a_byte_is_no_more_than_stated() -> None:
    for name, make in BOMBS.items():
        bomb = make()
        assert bomb.per_byte <= WORST[name], name
        if name == "files":
            nntc.decode_bytes(bomb.data)
        else:
            nntc.verify(bomb.data)


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (files(50).data, Limits.of(files=49), "E_LIMIT"),
        (repeats(1000).data, Limits.of(output=7999), "E_MEMORY"),
        (repeats(1000).data, Limits.of(seconds=0), "E_LIMIT"),
    ],
    ids=["files", "output", "seconds"],
)
def test_limits_stop_them(data: bytes, limits: Limits, error: str) -> None:
    with pytest.raises(nntc.NntcError) as caught:
        nntc.verify(data, limits=limits)
    assert caught.value.id == error

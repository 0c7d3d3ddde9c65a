"""Huffman lanes end as they must."""

from __future__ import annotations

import pytest
from nntc.format.registry import Coder

from conformance.proof import samples
from tests.decoder.entropy.runs import decode_run, raised, read


@pytest.mark.parametrize("lanes", [1, 99, 100, 250])
@pytest.mark.parametrize(
    ("where", "tail"),
    [("no code", b"\x80"), ("padding", b"\x01"), ("short", b""), ("long", b"\x00\x00"), ("valid", b"\x00")],
)
def test_every_huffman_lane_ends_as_it_must(lanes: int, where: str, tail: bytes) -> None:
    for lane in (0, lanes - 1):
        sizes = [len(tail) if k == lane else 1 for k in range(lanes)]
        parts = [tail if k == lane else b"\x00" for k in range(lanes)]
        head = b"\x05\x00\x01" + samples.varint(lanes) + b"".join(map(samples.varint, sizes))
        data = head + b"".join(parts)
        if where == "valid":
            assert decode_run(read(data, Coder.HUFFMAN, lanes)) == [5] * lanes
        else:
            assert raised(data, Coder.HUFFMAN, lanes) == ("E_ENTROPY", 0)

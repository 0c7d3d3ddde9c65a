"""Working memory, summed up from what sections have."""

from __future__ import annotations

from nntc.format.memory import huffman_memory, rans_memory


def test_tables_lanes_and_segments() -> None:
    assert rans_memory(3, 7, 128, 10_000) == 3 * 576 + 7 * (16 + 128)


def test_a_segment_holds_no_more_than_there_is() -> None:
    assert rans_memory(1, 1, 8192, 10) == 576 + 16 + 10


def test_lanes_of_huffman_codes() -> None:
    assert huffman_memory(7) == 1024 + 7 * 16

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import SourceError
from nntc.sources import cache
from nntc.sources.cache import BLOCK, CAPACITY, CachedSource


class Recording:
    """Ranges that note what is asked for."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, -1
        self.asked: list[tuple[int, int]] = []
        self.closed = 0

    def start(self, length: int) -> bytes:
        self.size = len(self.data)
        return self.data[:length]

    def fetch(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        assert 0 < length <= self.size - offset
        return self.data[offset : offset + length]

    def close(self) -> None:
        self.closed += 1


def recorded(blocks: float) -> tuple[CachedSource, Recording]:
    ranges = Recording(np.random.default_rng(0).bytes(int(blocks * BLOCK)))
    return CachedSource(ranges), ranges


def test_the_first_block_comes_with_the_first_request() -> None:
    source, ranges = recorded(10.5)
    assert source.size == len(ranges.data)
    assert source.read(0, 24) + source.read(24, 1000) == ranges.data[:1024]
    assert ranges.asked == []


def test_reading_past_the_end() -> None:
    source, ranges = recorded(1.5)
    assert source.read(BLOCK, 10 * BLOCK) == ranges.data[BLOCK:]
    assert source.read(2 * BLOCK, 5) == source.read(source.size, 1) == b""
    empty = CachedSource(Recording(b""))
    assert (empty.size, empty.read(0, 100)) == (0, b"")


def test_what_was_read_is_kept() -> None:
    source, ranges = recorded(20)
    for _ in range(3):
        assert source.read(10 * BLOCK + 5, 100) == ranges.data[10 * BLOCK + 5 : 10 * BLOCK + 105]
    assert ranges.asked == [(10 * BLOCK, BLOCK)]


def test_a_stretch_of_blocks_is_one_request() -> None:
    source, ranges = recorded(20)
    source.read(12 * BLOCK, 1)
    assert source.read(10 * BLOCK - 1, 4 * BLOCK) == ranges.data[10 * BLOCK - 1 : 14 * BLOCK - 1]
    assert ranges.asked == [(12 * BLOCK, BLOCK), (9 * BLOCK, 5 * BLOCK)]


def test_reading_on_takes_more_each_time() -> None:
    source, ranges = recorded(300)
    for offset in range(0, source.size, 10_000):
        assert source.read(offset, 10_000) == ranges.data[offset : offset + 10_000]
    lengths = [length // BLOCK for _, length in ranges.asked]
    assert lengths[:6] == [2, 3, 5, 9, 17, 33]
    assert max(lengths) <= 65
    assert sum(length for _, length in ranges.asked) == source.size - BLOCK


def test_jumping_about_takes_no_more_than_asked_for() -> None:
    source, ranges = recorded(100)
    for block in (50, 20, 70, 10):
        source.read(block * BLOCK, 10)
    assert all(length == BLOCK for _, length in ranges.asked)


def test_prefetching_merges_neighbours() -> None:
    source, ranges = recorded(100)
    source.prefetch(
        [(70 * BLOCK, 5), (10 * BLOCK, 3 * BLOCK), (15 * BLOCK + 7, 1), (20 * BLOCK, 1), (3, 4), (50, 0)]
    )
    assert ranges.asked == [(10 * BLOCK, 6 * BLOCK), (20 * BLOCK, BLOCK), (70 * BLOCK, BLOCK)]
    ranges.asked.clear()
    for offset in (10 * BLOCK, 15 * BLOCK, 70 * BLOCK):
        assert source.read(offset, 100) == ranges.data[offset : offset + 100]
    source.prefetch([(10 * BLOCK, 100), (source.size - 1, 10)])
    assert ranges.asked == [(99 * BLOCK, BLOCK)]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CAPACITY", 200)
    source, ranges = recorded(600)
    assert source.read(BLOCK, 150 * BLOCK) == ranges.data[BLOCK : 151 * BLOCK]
    assert len(source._blocks) == 1
    source.prefetch([(0, source.size)])
    for offset in range(0, source.size, BLOCK // 2):
        assert source.read(offset, 100) == ranges.data[offset : offset + 100]
        assert len(source._blocks) <= 200


def test_what_is_read_last_is_kept_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CAPACITY", 4)
    source, ranges = recorded(100)
    for block in range(10, 90, 10):
        source.read(block * BLOCK, 1)
        source.read(0, 1)
    assert len(ranges.asked) == 8
    assert CAPACITY > 4


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 3000), st.booleans()), max_size=20))
def test_any_order_of_reading(steps: list[tuple[int, int, bool]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "BLOCK", 100)
        patch.setattr(cache, "CAPACITY", 30)
        patch.setattr(cache, "_MOST_AHEAD", 8)
        ranges = Recording(np.random.default_rng(0).bytes(5050))
        source = CachedSource(ranges)
        for offset, length, ahead in steps:
            if ahead:
                source.prefetch([(offset, length), (offset // 2, length)])
            assert source.read(offset, length) == ranges.data[offset : offset + length]
            assert len(source._blocks) <= 30


def test_threads() -> None:
    source, ranges = recorded(50)
    offsets = np.random.default_rng(1).integers(0, source.size - 5000, 200).tolist()
    with ThreadPoolExecutor(4) as executor:
        for offset, data in zip(
            offsets, executor.map(lambda at: source.read(at, 5000), offsets), strict=True
        ):
            assert data == ranges.data[offset : offset + 5000]


def test_closing() -> None:
    source, ranges = recorded(2)
    source.close()
    assert ranges.closed == 1


def test_ranges_that_cannot_be_started_are_closed() -> None:
    class Failing(Recording):
        def start(self, length: int) -> bytes:
            raise SourceError("E_SOURCE", f"cannot read {length} bytes")

    ranges = Failing(b"")
    with pytest.raises(SourceError):
        CachedSource(ranges)
    assert ranges.closed == 1

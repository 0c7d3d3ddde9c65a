"""Bytes found again in a base: cut where they are, whatever they are."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.update.ranges import LEAST, RangeFinder

NOISE = np.random.default_rng(0).bytes(20_000)


def literal_bytes(
    stretches: list[tuple[int, bytes]], data: bytes, before: int | None = None, after: int | None = None
) -> int:
    """Return how many bytes are not in ranges, after a check of all that is found."""
    finder = RangeFinder([(start, memoryview(own)) for start, own in stretches])
    joined, literal = b"", 0
    for found in finder.find(memoryview(data), before, after):
        joined += bytes(found.data)
        assert found.data.nbytes
        if found.start is None:
            literal += found.data.nbytes
            continue
        start, own = max(one for one in stretches if one[0] <= found.start)
        assert own[found.start - start :][: found.data.nbytes] == bytes(found.data)
    assert joined == data
    return literal


def test_what_is_inserted_stays_and_the_rest_is_found() -> None:
    data = NOISE[100:5000] + b"inserted" + NOISE[7000:9000] + b"more" + NOISE[5000:7000]
    assert literal_bytes([(40, NOISE)], data) == len(b"inserted" + b"more")


def test_stretches_do_not_run_into_each_other() -> None:
    assert literal_bytes([(0, NOISE[:500]), (900, NOISE[500:1000])], NOISE[:1000]) == 0


def test_short_ones_are_found_where_the_neighbours_say() -> None:
    short = NOISE[:12]
    assert literal_bytes([(7, short)], short) == len(short)
    assert literal_bytes([(7, short)], short, before=7) == 0
    assert literal_bytes([(7, short)], b"x" + short, after=19) == 1
    assert literal_bytes([(7, short)], short + b"x", before=7) == 1


def test_repetitions_of_nearly_two_blocks_are_found_at_any_place() -> None:
    for shift in range(40):
        data = b"?" * 50 + NOISE[shift : shift + LEAST + 8] + b"!" * 50
        assert literal_bytes([(0, NOISE)], data) == 100


def test_nothing_is_found_in_nothing() -> None:
    assert literal_bytes([], NOISE) == len(NOISE)
    assert literal_bytes([(0, b"abc")], NOISE, before=0, after=3) == len(NOISE)
    assert literal_bytes([(0, NOISE)], b"") == 0


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_any_bytes_come_out_again(seed: int, letters: int) -> None:
    rng = random.Random(seed)
    text = bytes(rng.randrange(letters) for _ in range(rng.randrange(200)))
    stretches, at = [], 0
    for _ in range(rng.randrange(4)):
        start = rng.randrange(len(text) + 1)
        own = text[start : start + rng.randrange(1, 80)]
        at += rng.randrange(9)
        if own:
            stretches.append((at, own))
            at += len(own)
    hints = [rng.choice([None, rng.randrange(at + 1)]) for _ in range(2)]
    literal_bytes(stretches, text, *hints)

"""The search on made-up measures: what it returns meets the goal, in a bounded number of tries."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.search import MAX_TRIES, Span, search

SMOOTH = Span(2, 90, 28, math.log(10) / 10)
COUNTED = Span(2, 90, 28, math.log(10) / 20)


@dataclass(frozen=True)
class Try:
    quality: float
    size: int
    excess: float


def size_at(quality: float) -> int:
    return round(100_000 * (0.4 + quality / 6))


@given(
    st.floats(-20, 110),
    st.floats(0.02, 1.0),
    st.floats(0, 1.5),
    st.integers(0, 1 << 30),
    st.sampled_from([SMOOTH, COUNTED]),
)
def test_what_is_found_meets_the_goal_and_tries_are_bounded(
    crossing: float, slope: float, noise: float, seed: int, span: Span
) -> None:
    draw = np.random.default_rng(seed)

    def attempt(quality: float) -> Try:
        return Try(quality, size_at(quality), slope * (crossing - quality) + noise * draw.normal())

    found = search(attempt, span)
    assert 1 <= len(found.tries) <= MAX_TRIES
    assert all(span.low <= t.quality <= span.high for t in found.tries)
    assert len({t.quality for t in found.tries}) == len(found.tries)
    met = [t for t in found.tries if t.excess <= 0]
    if found.best is None:
        assert not met
        assert found.tries[-1].quality == span.high
    else:
        assert found.best.excess <= 0
        assert found.best.size == min(t.size for t in met)


@given(st.floats(4, 80), st.floats(0.1, 0.6))
def test_a_smooth_measure_is_met_closely_in_few_tries(crossing: float, slope: float) -> None:
    found = search(lambda q: Try(q, size_at(q), slope * (crossing - q)), SMOOTH)
    assert found.best is not None
    assert 0 <= found.best.quality - crossing <= 1.0
    assert len(found.tries) <= 10


@given(st.integers(0, 20), st.floats(5, 60), st.floats(0.06, 0.3))
def test_what_is_counted_too_is_bracketed(allowed: int, crossing: float, slope: float) -> None:
    def spoilt(quality: float) -> int:
        return math.floor((allowed + 1) * math.exp(slope * (crossing - quality)))

    def attempt(quality: float) -> Try:
        counted = math.log((spoilt(quality) + 0.5) / (allowed + 0.5))
        expected = slope * (crossing - quality)
        return Try(quality, size_at(quality), expected if counted <= 0 else max(counted, expected))

    found = search(attempt, COUNTED)
    assert found.best is not None
    assert spoilt(found.best.quality) <= allowed
    assert found.best.size < 1.3 * size_at(crossing)  # none below the crossing meets the goal


def test_the_lowest_quality_ends_the_search_if_it_will_do() -> None:
    found = search(lambda q: Try(q, size_at(q), -5.0), COUNTED)
    assert found.best is not None
    assert found.best.quality == COUNTED.low


def test_the_highest_quality_is_tried_before_giving_up() -> None:
    found = search(lambda q: Try(q, size_at(q), 0.01), SMOOTH)
    assert found.best is None
    assert found.tries[-1].quality == SMOOTH.high


def test_of_equal_sizes_no_more_are_tried() -> None:
    found = search(lambda q: Try(q, 1000, 30 - q), COUNTED)
    assert found.best is not None
    assert len(found.tries) == 2


@pytest.mark.parametrize("start", [-10, 300])
def test_a_start_outside_is_moved_inside(start: float) -> None:
    span = Span(2, 90, start, 0.2)
    found = search(lambda q: Try(q, size_at(q), 40 - q), span)
    assert found.tries[0].quality in (2, 90)
    assert found.best is not None

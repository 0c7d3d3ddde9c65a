"""Answers that coding turns: expected from margins, closer than counting, and counted without margins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nntc.encoder.network.turned import Floats, Margins, Turned


def turned(before: Floats, after: Floats, *, is_graded: bool = True) -> Turned:
    margins = Margins()
    margins.add(before, after, before.size, is_graded=is_graded)
    found = margins.turned()
    assert found is not None
    return found


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.8])
def test_what_is_expected_is_nearer_than_what_is_counted(noise: float) -> None:
    draw = np.random.default_rng(0)
    before = draw.exponential(size=(2000, 200)) * np.where(draw.random((2000, 200)) < 0.7, 1, -1)
    after = before + noise * draw.normal(size=before.shape)
    true = np.mean((before > 0) & (after < 0)), np.mean((before < 0) & (after > 0))
    for place, name in enumerate(("lost", "gained")):
        rates = [getattr(turned(b, a), name) for b, a in zip(before[:150], after[:150], strict=True)]
        expected = np.array([rate.value for rate in rates])
        counted = np.mean(((before > 0), (before < 0))[place] & ((after > 0) != (before > 0)), axis=1)[:150]
        assert expected.mean() == pytest.approx(true[place], rel=0.25)
        assert expected.std() < 1.1 * counted.std()
        told = np.mean([rate.uncertainty for rate in rates])
        assert 0.5 < expected.std() / expected.mean() / told < 1.5


def test_answers_without_grades_are_counted() -> None:
    before = np.ones(200)
    after = np.where(np.arange(200) < 10, -1.0, 1.0)
    found = turned(before, after, is_graded=False)
    assert found.lost.value == pytest.approx(10.5 / 200)
    assert found.lost.answers == 200
    assert found.gained.value == pytest.approx(0.5 / 200)


def test_answers_that_turn_together_are_few() -> None:
    """Samples of a thousand answers each that all turn or stay are as many answers as samples."""
    margins = Margins()
    for number in range(50):
        margins.add(np.ones(1000), np.full(1000, -1.0 if number < 5 else 1.0), 1)
    found = margins.turned()
    assert found is not None
    assert found.lost.answers == 50
    assert found.lost.value == pytest.approx(5.5 / 50)


def test_answers_that_turn_alone_are_many() -> None:
    draw = np.random.default_rng(0)
    margins = Margins()
    for _ in range(50):
        margins.add(np.ones(1000), np.where(draw.random(1000) < 0.1, -1.0, 1.0), 1)
    found = margins.turned()
    assert found is not None
    assert found.lost.answers > 20_000


def test_no_answers_turn_nothing() -> None:
    assert Margins().turned() is None


@given(
    arrays(np.float64, 30, elements=st.floats(allow_nan=True, allow_infinity=True)),
    arrays(np.float64, 30, elements=st.floats(allow_nan=True, allow_infinity=True)),
)
def test_any_margins_have_rates(before: Floats, after: Floats) -> None:
    found = turned(before, after)
    for rate in (found.lost, found.gained):
        assert 0 <= rate.value <= 1
        assert 0 < rate.uncertainty < np.inf


def test_broken_outputs_turn() -> None:
    found = turned(np.full(40, 5.0), np.full(40, np.nan))
    assert found.lost.value == 1

"""Kinds of goals: each is met exactly where its limit is reached."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.goals.goal import Goal
from nntc.encoder.goals.kinds import GOALS, MaxDivergence, MaxDrop, MinAgreement
from nntc.encoder.options import Options
from nntc.errors import ModelError

from tests.encoder.goals.test_goal import fidelity


def test_every_kind_of_goal_has_an_option_of_its_name() -> None:
    for kind in GOALS:
        assert getattr(Options(), kind(0.5).kind) is None


@given(st.integers(0, 500), st.floats(0.001, 1), st.floats(0.5, 0.999))
def test_agreement_is_met_here_and_likely_elsewhere(agreed: int, limit: float, confidence: float) -> None:
    goal = MinAgreement(limit, confidence=confidence)
    found = fidelity(agreed, total=500)
    if goal.excess(found) <= 0:
        assert agreed >= limit * 500 - 1e-6
        assert 1 - agreed / 500 <= 1 - goal.allowed(found) + 1e-6
    if agreed < limit * 500 - 1e-6:
        assert goal.excess(found) > 0


@pytest.mark.parametrize(("limit", "is_met"), [(0, False), (1.9, False), (2, False), (5, True)])
def test_a_drop_must_leave_room_for_chance(limit: float, is_met: bool) -> None:
    goal = MaxDrop(limit)
    assert goal.value(fidelity()) == 2
    assert (goal.excess(fidelity()) <= 0) is is_met


def test_what_is_only_unlucky_here_is_no_promise_broken_but_must_be_met() -> None:
    lucky = replace(fidelity(right=94), turned=fidelity(right=97).turned)
    assert MaxDrop(2.9).excess(lucky) > 0
    assert MaxDrop(3).excess(lucky) <= 0


def test_a_gain_of_accuracy_is_no_drop() -> None:
    goal = MaxDrop(0.0, Metric.TOP5)
    found = fidelity(right=98)
    assert goal.value(found) == -1
    assert goal.excess(found) <= 0
    assert "1.00 points above 97.00%" in goal.describe(found)


@given(st.floats(1e-6, 10), st.floats(1e-12, 100), st.floats(0.5, 0.999))
def test_a_divergence_must_leave_room_for_chance(limit: float, divergence: float, confidence: float) -> None:
    goal = MaxDivergence(limit, confidence=confidence)
    found = replace(fidelity(), divergence=divergence)
    assert goal.allowed(found) <= limit
    assert (goal.excess(found) <= 0) == (divergence <= goal.allowed(found))


@pytest.mark.parametrize("goal", [MaxDivergence(0.02), MinAgreement(0.95), MaxDrop(4)])
def test_more_samples_allow_more(goal: Goal) -> None:
    """An agreement that may be expected is lower then."""
    few, many = (goal.allowed(fidelity(), more) for more in (1, 100))
    assert few != many
    assert (few < many) is not isinstance(goal, MinAgreement)


def test_outputs_without_classes_cannot_agree() -> None:
    goal = MinAgreement(0.9)
    with pytest.raises(ModelError, match="E_GOAL: the model's outputs name no classes"):
        goal.excess(replace(fidelity(), agreement=None))

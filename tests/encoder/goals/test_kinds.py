"""Kinds of goals: each is met exactly where its limit is reached."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.goals.kinds import GOALS, MaxDivergence, MaxDrop, MinAgreement
from nntc.encoder.options import Options
from nntc.errors import ModelError

from tests.encoder.goals.test_goal import fidelity


def test_every_kind_of_goal_has_an_option_of_its_name() -> None:
    for kind in GOALS:
        assert getattr(Options(), kind(0.5).kind) is None


@given(st.integers(0, 500), st.floats(0.001, 1))
def test_agreement_is_met_exactly_where_it_is_reached(agreed: int, limit: float) -> None:
    goal = MinAgreement(limit)
    found = fidelity(agreed, total=500)
    assert (goal.excess(found) <= 0) == (agreed >= limit * 500 - 1e-6)


@pytest.mark.parametrize(("limit", "is_met"), [(0, False), (1.9, False), (2, True), (2.0000001, True)])
def test_a_drop_is_met_exactly_where_it_is_no_larger(limit: float, is_met: bool) -> None:
    goal = MaxDrop(limit)
    assert goal.value(fidelity()) == 2
    assert (goal.excess(fidelity()) <= 0) is is_met


def test_a_gain_of_accuracy_is_no_drop() -> None:
    goal = MaxDrop(0.0, Metric.TOP5)
    found = fidelity(right=98)
    assert goal.value(found) == -1
    assert goal.excess(found) <= 0
    assert "1.00 points above 97.00%" in goal.describe(found)


@given(st.floats(1e-6, 10), st.floats(0, 100))
def test_a_divergence_is_met_where_it_is_no_larger(limit: float, divergence: float) -> None:
    goal = MaxDivergence(limit)
    assert (goal.excess(replace(fidelity(), divergence=divergence)) <= 0) == (divergence <= limit)


def test_outputs_without_classes_cannot_agree() -> None:
    goal = MinAgreement(0.9)
    with pytest.raises(ModelError, match="E_GOAL: the model's outputs name no classes"):
        goal.excess(replace(fidelity(), agreement=None))

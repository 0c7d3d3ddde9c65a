from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn, Metric, share
from nntc.encoder.goals.kinds import GOALS, MaxDivergence, MaxDrop, MinAgreement
from nntc.encoder.options import Options
from nntc.errors import ModelError


def fidelity(agreed: int = 99, right: int = 95, before: int = 97, total: int = 100) -> Fidelity:
    after, original = share(right, total), share(before, total)
    same = share(agreed, total)
    return Fidelity(
        total, MeasuredOn.EVALUATION, 0.01, Measure.KL, 0.999, same, after, after, original, original
    )


def test_every_kind_of_goal_has_an_option_of_its_name() -> None:
    for kind in GOALS:
        assert getattr(Options(), kind(0.5).kind) is None


@pytest.mark.parametrize(
    ("changed", "is_far"),
    [({}, False), ({"divergence": 1.1}, True), ({"divergence": math.nan}, True), ({"not_finite": 1}, True)],
)
def test_outputs_that_are_lost_are_far(changed: dict[str, float], is_far: bool) -> None:
    assert replace(fidelity(), **changed).is_far is is_far  # type: ignore[arg-type]


@given(st.integers(1, 10_000), st.data())
def test_intervals_hold_the_value_and_are_those_of_wilson(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, total))
    found = share(count, total)
    assert 0 <= found.low <= found.value <= found.high <= 1
    z = 1.959963984540054
    p = count / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    assert found.low == pytest.approx(max(centre - half, 0), abs=1e-9)
    assert found.high == pytest.approx(min(centre + half, 1), abs=1e-9)


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


def test_text_tells_value_interval_and_samples() -> None:
    found = fidelity()
    goal = MinAgreement(0.985)
    assert goal.text == "same top answer at least 98.5%"
    assert goal.describe(found) == "same top answer 99.00% (95% interval 94.55% to 99.82%)"
    assert found.text.startswith("KL divergence in nats 0.01, same top answer 99.00%")
    assert found.text.endswith("top5 95.00% (was 97.00%), on 100 evaluation samples")
    assert "cosine 0.999000" in replace(found, agreement=None).text

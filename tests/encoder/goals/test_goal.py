from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn, Metric, share
from nntc.encoder.goals.kinds import MinAgreement
from nntc.encoder.network.turned import Rate, Turned


def fidelity(agreed: int = 99, right: int = 95, before: int = 97, total: int = 100) -> Fidelity:
    after, original = share(right, total), share(before, total)
    same = share(agreed, total)
    turned = Turned(Rate(max(before - right, 0) / total, 0.2, total), Rate(0.0, 1.0, total))
    return Fidelity(
        total,
        MeasuredOn.EVALUATION,
        0.01,
        Measure.KL,
        0.999,
        same,
        after,
        after,
        original,
        original,
        spread=1.5,
        batches=total,
        changed=Turned(Rate(1 - agreed / total, 0.2, total), Rate(0.0, 1.0, total)),
        turned=dict.fromkeys(Metric, turned),
    )


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


def test_text_tells_value_interval_and_samples() -> None:
    found = fidelity()
    goal = MinAgreement(0.985)
    assert goal.text == "same top answer at least 98.5%"
    assert goal.describe(found) == "same top answer 99.00% (95% interval 94.55% to 99.82%)"
    assert found.text.startswith("KL divergence in nats 0.01, same top answer 99.00%")
    assert found.text.endswith("top5 95.00% (was 97.00%), on 100 evaluation samples")
    assert "cosine 0.999000" in replace(found, agreement=None).text

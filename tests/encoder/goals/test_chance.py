"""Bounds for samples to come: they hold as often as they say, in draws from known distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.chance import FEWEST, answers_scale, divergence_factor, others
from nntc.encoder.network.turned import Rate, Turned

CONFIDENCE = 0.9
DRAWS = 400


def broken_share(broken: list[bool]) -> float:
    return float(np.mean(broken))


@pytest.mark.parametrize(("samples", "skew"), [(20, 0.9), (100, 1.0), (400, 1.0)])
def test_a_mean_of_skewed_divergences_is_bounded(samples: int, skew: float) -> None:
    draw = np.random.default_rng(samples)
    broken = []
    for _ in range(DRAWS):
        here = draw.lognormal(sigma=skew, size=samples)
        there = draw.lognormal(sigma=skew, size=others(samples))
        factor = divergence_factor(float(here.std() / here.mean()), samples, CONFIDENCE)
        broken.append(bool(there.mean() > factor * here.mean()))
    assert 0.01 < broken_share(broken) < 1 - CONFIDENCE + 0.04


@pytest.mark.parametrize("answers", [30, 200, 600])
@pytest.mark.parametrize("lost", [0.005, 0.03, 0.3])
def test_answers_that_turn_are_bounded(answers: int, lost: float) -> None:
    """As often as it says, where rates are as uncertain as they say; whole answers make it rarer."""
    uncertainty, limit = 0.25, 1.5 * lost
    draw = np.random.default_rng(answers)
    count = others(answers)
    turned = Turned(Rate(lost, uncertainty, answers), Rate(lost / 3, uncertainty, answers))
    scale = answers_scale(turned, limit, CONFIDENCE)
    losses, gains = (
        draw.binomial(
            count, np.minimum(scale * rate * draw.gamma(1 / uncertainty**2, uncertainty**2, 4000), 1)
        )
        for rate in (lost, lost / 3)
    )
    assert np.mean(losses - gains > np.floor(limit * count + 1e-6)) < 1 - CONFIDENCE + 0.02


def test_the_scale_is_where_the_confidence_is_reached() -> None:
    """Of 200 answers that turn as a Poisson process, 4 may: 2.4326 are expected with 90 % confidence."""
    turned = Turned(Rate(0.01, 1e-4, FEWEST), Rate(0.0, 1.0, FEWEST))
    assert answers_scale(turned, 0.02, CONFIDENCE) * 0.01 * FEWEST == pytest.approx(2.4326, abs=1e-3)


@given(st.floats(0, 1), st.floats(0.01, 2), st.floats(0, 0.5), st.floats(0, 1), st.integers(1, 10**6))
def test_any_rates_have_a_scale(
    lost: float, uncertainty: float, gained: float, limit: float, answers: int
) -> None:
    turned = Turned(Rate(lost, uncertainty, answers), Rate(gained, uncertainty, answers))
    sure, unsure = (answers_scale(turned, limit, confidence) for confidence in (0.99, 0.5))
    assert 0 < sure <= unsure * (1 + 1e-4)


@given(st.floats(0, 100), st.integers(1, 10**6), st.floats(0.5, 0.999))
def test_a_factor_is_no_discount(spread: float, samples: int, confidence: float) -> None:
    assert 1 <= divergence_factor(spread, samples, confidence) < np.inf

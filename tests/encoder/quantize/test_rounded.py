"""The steps that rounded multiples leave possible."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.rounded import exact_step, half_ulps, patterns, relative_error
from nntc.format.registry import ElementType
from nntc.format.rounding import round_to_element

FLOATS = [ElementType.FLOAT16, ElementType.FLOAT32, ElementType.FLOAT64]


@given(st.sampled_from(FLOATS), st.floats(2.0**-12, 2.0**5), st.integers(1, 800), st.integers(0, 2**32))
def test_the_step_is_among_those_possible(element: ElementType, step: float, most: int, seed: int) -> None:
    step = float(np.float32(step))
    multiples = np.random.default_rng(seed).integers(-most, most + 1, 500).astype(np.float64)
    multiples[0] = most
    elements = round_to_element(multiples * step, element)
    values = elements.astype(np.float64)
    errors = half_ulps(values, element)
    assert np.all(np.abs(values - multiples * step) <= errors)
    assert np.all(errors <= np.abs(values) * relative_error(element) + 2.0**-25)
    found = exact_step(values, multiples, errors)
    wanted = patterns(elements)
    assert any(np.array_equal(patterns(round_to_element(multiples * s, element)), wanted) for s in found)


def test_what_is_no_multiple_leaves_no_step() -> None:
    values = np.array([1.0, 2.0, 3.5])
    assert exact_step(values, np.array([1.0, 2.0, 3.0]), half_ulps(values, ElementType.FLOAT32)) == []

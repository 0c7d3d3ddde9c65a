"""Rates before anything is counted: probabilities of tokens, by scale and by how much was pruned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.rates import (
    CLASS_COUNT,
    FAMILIES,
    LOWEST_CLASS,
    density_of,
    expected_bits,
    expected_entropy,
    family_of,
    pruned_bits,
)
from nntc.encoder.quantize.scales import CLASSES_PER_OCTAVE
from nntc.encoder.quantize.trellis import MAX_LEVEL, MIN_LEVEL


@pytest.mark.parametrize("family", range(FAMILIES))
def test_costs_are_those_of_probabilities(family: int) -> None:
    bits = pruned_bits(family).astype(np.float64)
    assert bits.shape == (2 * CLASS_COUNT, 256)
    np.testing.assert_allclose((2.0**-bits).sum(axis=1), 1, rtol=1e-4)


def test_levels_of_either_sign_cost_the_same_and_larger_ones_more() -> None:
    k = np.arange(1, MAX_LEVEL + 1)
    bits = expected_bits()
    np.testing.assert_allclose(bits[:, k - MIN_LEVEL], bits[:, -k - MIN_LEVEL], rtol=1e-4, atol=1e-4)
    # Quantizer 1 has a point at 1, between 0 and 3: fewer values are near it.
    assert np.all(np.diff(bits[0::2, k - MIN_LEVEL], axis=1) >= -1e-3)
    assert np.all(np.diff(bits[1::2, k[1:] - MIN_LEVEL], axis=1) >= -1e-3)


def test_of_weights_that_were_pruned_zeros_cost_less_and_others_more() -> None:
    bits = [pruned_bits(family) for family in range(FAMILIES)]
    for fewer, more in zip(bits[1:], bits[:-1], strict=True):
        assert np.all(fewer[:, -MIN_LEVEL] < more[:, -MIN_LEVEL] + 1e-6)
        assert np.all(fewer[:, 1 - MIN_LEVEL] > more[:, 1 - MIN_LEVEL])


def test_a_wider_scale_needs_more_bits_one_for_each_octave_where_it_is_wide() -> None:
    entropy = expected_entropy()
    assert entropy.shape == (CLASS_COUNT,)
    narrow = entropy[: -LOWEST_CLASS + 5 * CLASSES_PER_OCTAVE]  # wider ones reach beyond the tokens
    assert np.all(np.diff(narrow[4 * CLASSES_PER_OCTAVE :]) > 0)
    np.testing.assert_allclose(narrow[-1] - narrow[-1 - CLASSES_PER_OCTAVE], 1, atol=0.05)


@given(st.floats(1e-9, 1.0))
def test_a_family_stands_for_about_the_share_it_was_found_for(density: float) -> None:
    family = family_of(density)
    assert 0 <= family < FAMILIES
    if family < FAMILIES - 1:
        assert abs(np.log2(density_of(family) / density)) <= 0.2501


@pytest.mark.parametrize("family", range(FAMILIES))
def test_the_share_of_a_family_is_in_that_family(family: int) -> None:
    assert family_of(density_of(family)) == family

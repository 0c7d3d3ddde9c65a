from __future__ import annotations

import math

import numpy as np
import pytest
from nntc.format.dct import BASIS_BITS, MAX_MIX, basis, hadamard
from nntc.format.transform import MAX_TRANSFORM_INPUT

from conformance.reference_decoder.transform import BASIS

SIZES = range(1, 17)


@pytest.mark.parametrize("n", SIZES)
def test_no_entry_of_the_basis_is_near_a_tie(n: int) -> None:
    k, x = np.mgrid[:n, :n]
    exact = (
        2**BASIS_BITS
        * np.where(k, math.sqrt(2 / n), math.sqrt(1 / n))
        * np.cos(np.pi * (2 * x + 1) * k / (2 * n))
    )
    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 0.0058
    assert basis(n).tolist() == np.rint(exact).tolist() == BASIS[n]


def test_nothing_in_a_transform_reaches_the_limit_of_binary64() -> None:
    # Sums of magnitudes bound every partial sum, whatever its order.
    largest = max(float(np.abs(basis(n)).sum(axis=0).max()) for n in SIZES)
    assert MAX_TRANSFORM_INPUT * largest * largest < 2**53


@pytest.mark.parametrize("t", range(MAX_MIX + 1))
def test_mixing_is_plus_or_minus_by_common_bits(t: int) -> None:
    expected = [[(-1) ** (n & m).bit_count() for m in range(1 << t)] for n in range(1 << t)]
    assert hadamard(t).tolist() == expected

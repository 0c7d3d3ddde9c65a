from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from nntc.format.dct import BASIS_BITS, MAX_MIX, basis, hadamard
from nntc.format.registry import MAX_TRANSFORM_INPUT
from nntc.format.steps import STEP_CODES
from nntc.format.trellis import EIGHT_NEXT, EIGHT_QUANTIZER, FOUR_NEXT, FOUR_QUANTIZER

from conformance.reference_decoder.transform import BASIS
from conformance.reference_decoder.trellis import make_trellis
from conformance.reference_decoder.uniform import code_number

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


def test_step_codes_are_what_the_specification_says() -> None:
    assert [Fraction(float(v)) for v in STEP_CODES] == [code_number(b) for b in range(256)]


def test_state_machines_are_those_of_the_specification() -> None:
    machines = {1: (FOUR_NEXT, FOUR_QUANTIZER), 2: (EIGHT_NEXT, EIGHT_QUANTIZER)}
    for trellis, (after, quantizer) in machines.items():
        machine = make_trellis(trellis, 1)
        assert tuple(machine.next) == after
        assert tuple(machine.q) == quantizer

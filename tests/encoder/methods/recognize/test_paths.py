"""Levels and states follow from fine integers; codes of columns from the path that they must leave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.methods.recognize.paths import SEARCHED, column_codes, follow, segments
from nntc.encoder.quantize.rates import expected_bits
from nntc.encoder.quantize.trellis import TrellisLevels, search
from nntc.format.steps import STEP_CODES
from nntc.format.trellis import EIGHT_STATES, MANY_STATES, Machine


def searched(count: int, segment: int, scale: float = 6.0, machine: Machine = EIGHT_STATES) -> TrellisLevels:
    x = np.random.default_rng(count + segment).laplace(0, scale, count).astype(np.float32)
    return search(x, np.full(count, 30, np.uint16), expected_bits(), 0.3, segment, machine)


@pytest.mark.parametrize("machine", SEARCHED)
@given(st.sampled_from([1, 2, 100, 128, 129, 3000, 20_000]), st.sampled_from([7, 128, 1000]))
def test_a_path_is_found_again(machine: Machine, count: int, segment: int) -> None:
    wanted = searched(count, segment, machine=machine)
    found = follow(wanted.fine.astype(np.int64), segment, machine)
    assert found is not None
    assert found.machine is machine
    np.testing.assert_array_equal(found.levels, wanted.levels)
    np.testing.assert_array_equal(found.quantizers, wanted.quantizers)


def test_other_segments_and_other_integers_have_no_path() -> None:
    fine = searched(4000, 128).fine.astype(np.int64)
    assert follow(fine, 100) is None
    assert follow(fine, 128, MANY_STATES) is None
    assert follow(np.rint(np.random.default_rng(0).laplace(0, 6, 4000)).astype(np.int64), 128) is None


def test_even_levels_beyond_the_tokens_are_not_of_a_path() -> None:
    assert follow(np.array([400]), 128) is None
    assert follow(np.array([398]), 128) is not None


@pytest.mark.parametrize(("rows", "columns", "segment"), [(40, 96, 96), (64, 12, 96), (30, 90, 30)])
def test_codes_of_columns_are_found_with_the_path(rows: int, columns: int, segment: int) -> None:
    codes = np.random.default_rng(1).integers(0, 20, columns)
    codes -= codes.min()
    fine = searched(rows * columns, segment, 3.0).fine.astype(np.int64).reshape(rows, columns)
    fine[:, 5] = 0 if segment >= columns else fine[:, 5]
    wanted = follow(fine.ravel(), segment)
    if wanted is None:  # zeros in place of what was there may leave no path
        fine = searched(rows * columns, segment, 3.0).fine.astype(np.int64).reshape(rows, columns)
    found = column_codes(fine * STEP_CODES[codes].astype(np.int64), segment)
    assert found is not None
    own, unit = found
    left = fine * STEP_CODES[codes].astype(np.int64) * unit // STEP_CODES[own].astype(np.int64)
    np.testing.assert_array_equal(left, fine)


def test_the_usual_segment_comes_first() -> None:
    found = list(segments(48, 128))
    assert found[0] == 128
    assert {48, 96, 24, 16, 12, 8} <= set(found)
    assert 6 not in found

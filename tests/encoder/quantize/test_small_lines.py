"""Rows and channels far smaller than the others: found, and whether they are lost."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.quantize.small_lines import (
    LOST,
    are_out_of_reach,
    many_are_small,
    many_elements_are_small,
    note_on_lost,
)
from nntc.format.registry import ViewKind
from nntc.format.view import View
from numpy.typing import NDArray

VIEW = View(ViewKind.MATRIX, 32, 16, 3)
Floats = NDArray[np.float64]


def matrix(*, rows: int = 0, channels: int = 0, size: float = 1e-6) -> Floats:
    """Return values of which some rows and channels are small."""
    values: Floats = np.random.default_rng(1).normal(size=(32, 16, 3))
    values[:rows] *= size
    values[:, :channels] *= size
    return values.ravel()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (matrix(), False),
        (matrix(rows=7), False),
        (matrix(rows=8), True),
        (matrix(channels=3), False),
        (matrix(channels=4), True),
        (matrix(rows=16, size=1 / 8), False),
        (matrix(rows=16, size=1 / 24), False),  # which 6 bits hold
        (matrix(rows=16, size=1e-12), True),
        (matrix(rows=16, size=1e-30), False),  # as good as pruned
        (matrix(rows=16, size=0), False),
        (1e200 * matrix(rows=16), True),
        (0 * matrix(), False),
    ],
)
def test_many_small_lines_tell_of_scales_that_are_not_undone(values: Floats, expected: bool) -> None:
    assert many_are_small(values, VIEW, 6) is expected


@pytest.mark.parametrize(
    ("values", "elsewhere", "first"),
    [
        (matrix(), False, False),
        (matrix(rows=16), False, False),  # which steps of rows reach
        (matrix(rows=8, size=1e-11), True, True),
        (matrix(rows=7, size=1e-11), False, False),
        (matrix(channels=4, size=1e-11), True, True),
        (matrix(channels=1, size=1e-11), False, True),  # an input of another unit
        (matrix(channels=1, size=1e-30), False, False),
        (matrix(channels=1, size=0), False, False),
        (matrix(rows=16, size=1e-6) * matrix(channels=1, size=1e-11), False, True),
        (0 * matrix(), False, False),
    ],
)
def test_lines_that_no_step_reaches(values: Floats, elsewhere: bool, first: bool) -> None:
    assert are_out_of_reach(values, VIEW, is_first=False) is elsewhere
    assert are_out_of_reach(values, VIEW, is_first=True) is first


def test_rare_entries_of_a_table_are_not_out_of_reach_and_small_columns_are() -> None:
    assert not are_out_of_reach(matrix(rows=16, size=1e-11), VIEW, is_first=False, is_table=True)
    assert are_out_of_reach(matrix(channels=8, size=1e-11), VIEW, is_first=False, is_table=True)


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (0, 1.0, False),
        (15, 1e-6, False),
        (16, 1e-6, True),
        (32, 1e-2, False),
        (32, 1e-30, True),
        (64, 1e-6, False),
    ],
)
def test_elements_of_a_vector_that_one_step_loses(count: int, size: float, expected: bool) -> None:
    values = np.random.default_rng(1).uniform(0.5, 1, 64) * np.tile([1, -1], 32)
    values[:count] *= size
    assert many_elements_are_small(values, 8) is expected
    assert not many_elements_are_small(0 * values, 8)


@pytest.mark.parametrize("small", [{"rows": 1}, {"channels": 1}, {"rows": 1, "size": 1e-4}])
def test_a_note_tells_of_small_lines_that_lose_much(small: dict[str, int]) -> None:
    values = matrix(**small)
    noise = np.random.default_rng(2).normal(0, 0.01, values.size)
    assert note_on_lost(values, values + noise, VIEW) == LOST
    assert note_on_lost(values, values * 1.2, VIEW) == ""
    assert note_on_lost(1e-200 * values, 1e-200 * (values + noise), VIEW) == LOST


def test_elements_of_a_vector_are_no_lines() -> None:
    values = np.ones(64)
    values[:32] = 1e-6
    view = View(ViewKind.MATRIX, 1, 64)
    assert not many_are_small(values, view, 6)
    assert note_on_lost(values, 0 * values, view) == ""


def test_no_note_tells_of_lines_of_like_size_however_much_they_lose() -> None:
    assert note_on_lost(matrix(), 0 * matrix(), VIEW) == ""

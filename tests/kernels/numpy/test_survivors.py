"""Survivors: the two best of four, and pasts that are inherited and joined."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nntc.kernels.numpy.survivors import Past, two_least


@given(hnp.arrays(np.float32, (4, 3, 5), elements=st.integers(0, 3).map(float)))
def test_the_two_least_are_those_of_a_stable_sort(costs: np.ndarray) -> None:
    places = np.arange(costs.size).reshape(costs.shape)
    found, at = two_least(costs, places)
    order = costs.argsort(axis=0, kind="stable")[:2]
    assert np.array_equal(found, np.take_along_axis(costs, order, 0))
    assert np.array_equal(at, np.take_along_axis(places, order, 0))


def past(start: int, width: int) -> Past:
    """Return a past of two paths and three rows whose values say where they were."""
    values = np.arange(6 * width).reshape(2, 3, width) + 100 * start
    return Past(start, values.astype(np.float32), values.astype(np.int32), (values & 1).astype(np.uint8))


def test_a_past_is_inherited_from_ancestors_in_any_path() -> None:
    before = past(0, 4)
    ancestors = np.array([3, 1, 5, 0, 4, 5])  # of [paths * rows]
    after = before.of(ancestors)
    assert np.array_equal(after.levels.reshape(6, 4), before.levels.reshape(6, 4)[ancestors])
    assert np.array_equal(after.errors, after.levels)
    assert np.array_equal(after.quantizers, after.levels & 1)


def test_joined_pasts_begin_where_the_first_does() -> None:
    joined = past(4, 2).then(past(6, 3))
    assert joined.start == 4
    assert joined.levels.shape == (2, 3, 5)
    assert np.array_equal(joined.levels[..., :2], past(4, 2).levels)
    assert np.array_equal(joined.levels[..., 2:], past(6, 3).levels)

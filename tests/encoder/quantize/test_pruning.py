from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nntc.encoder.quantize.pruning import plan_pruning, pruned_count
from numpy.typing import NDArray


def prune_masks(layers: list[NDArray[np.float64]], sparsity: float) -> list[NDArray[np.bool_]]:
    """Return the masks of layers."""
    plans = plan_pruning([partial(np.copy, layer) for layer in layers], sparsity)
    return [plan.mask(layer) for plan, layer in zip(plans, layers, strict=True)]


some = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 9)
magnitudes = hnp.arrays(np.float64, st.integers(1, 40), elements=some)
layers = st.lists(magnitudes, min_size=1, max_size=4)
sparsities = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("size", "sparsity", "count"),
    [(10, 0, 0), (10, 0.5, 5), (100, 0.29, 29), (4, 0.9, 3), (1, 0.99, 0), (1000, 0.9999, 999)],
)
def test_the_share_is_rounded_down(size: int, sparsity: float, count: int) -> None:
    assert pruned_count(size, sparsity) == count


@given(st.integers(1, 10**9), sparsities)
def test_something_is_always_left(size: int, sparsity: float) -> None:
    count = pruned_count(size, sparsity)
    assert 0 <= count < size
    assert abs(count - sparsity * size) <= 1


@given(layers, sparsities)
@settings(deadline=None)
def test_as_many_as_asked_for_and_the_least(layers: list[NDArray[np.float64]], sparsity: float) -> None:
    masks = prune_masks(layers, sparsity)
    assert [mask.shape for mask in masks] == [layer.shape for layer in layers]
    whole, pruned = np.concatenate(layers), np.concatenate(masks)
    assert np.count_nonzero(pruned) == pruned_count(whole.size, sparsity)
    if pruned.any():
        assert whole[pruned].max() <= whole[~pruned].min()


def test_of_equal_magnitudes_the_first_go() -> None:
    first, second = prune_masks([np.array([2.0, 1, 1]), np.array([1.0, 0, 1])], 0.5)
    assert first.tolist() == [False, True, True]
    assert second.tolist() == [False, True, False]

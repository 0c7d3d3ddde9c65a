"""The change of a weight tensor, coded by what is cheapest for what changed."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.quantize.shaping import shapings
from nntc.encoder.split.content import Stretch
from nntc.encoder.update.elements import BaseElements
from nntc.encoder.update.weights import Chosen, Prices, choose
from nntc.format.registry import ElementType
from nntc.reader.changes import Change
from numpy.typing import NDArray

from tests.encoder.tensors import normal, tensor_of

Array = NDArray[np.float32]
OLD = normal(96, 160, seed=1)
NOISE = 1e-3
DECODED = (OLD + np.sqrt(NOISE) * normal(96, 160, seed=2)).astype(np.float32)
LEARNT = np.outer(normal(96, seed=3), normal(160, seed=4)).astype(np.float32)


def elements(decoded: Array, exact: Array) -> BaseElements:
    own, before = (Stretch.of(memoryview(array.tobytes())) for array in (decoded, exact))
    return BaseElements(0, ElementType.FLOAT32, own, (before, ElementType.FLOAT32))


def chosen(new: Array, *, is_exact: bool = True, share: float = 0.03, noise: float = NOISE) -> Chosen:
    tensor = tensor_of(new)
    base = elements(DECODED, OLD if is_exact else DECODED)
    return choose(tensor, shapings(tensor), base, Prices(noise, share, is_exact))


def test_what_did_not_change_is_the_same() -> None:
    assert chosen(OLD).change is Change.SAME


@pytest.mark.parametrize("size", [0.003, 0.02])
def test_what_was_learnt_is_a_product_far_below_the_noise_too(size: float) -> None:
    found = chosen(OLD + np.float32(size) * LEARNT)
    assert found.change is Change.LOW_RANK
    assert found.product is not None
    assert found.quantized is None


def test_a_product_stands_out_of_the_noise_of_a_base_that_is_not_known_without() -> None:
    found = chosen(OLD + np.float32(0.02) * LEARNT, is_exact=False)
    assert found.change is Change.LOW_RANK
    assert found.product is not None
    assert found.product.codes.size <= 3


def test_changes_without_structure_are_levels() -> None:
    found = chosen((OLD + 0.02 * normal(96, 160, seed=5)).astype(np.float32))
    assert found.change is Change.DIFFERENCE
    assert found.quantized is not None


def test_other_weights_are_fresh() -> None:
    assert chosen(normal(96, 160, seed=6)).change is Change.FRESH


def test_noise_of_the_base_goes_where_much_less_is_asked_for() -> None:
    found = chosen((OLD + 0.003 * LEARNT).astype(np.float32), noise=1e-6)
    assert found.change in (Change.DIFFERENCE, Change.FRESH)


def test_both_a_product_and_levels_of_the_rest() -> None:
    new = OLD + 0.1 * LEARNT + 0.015 * normal(96, 160, seed=7)
    found = chosen(new.astype(np.float32))
    assert found.change is Change.LOW_RANK
    assert found.quantized is not None

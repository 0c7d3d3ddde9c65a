"""Products of small integer matrices: near what they are for, in few bits."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.update.lowrank import products, spectrum
from nntc.format.steps import STEP_CODES
from numpy.typing import NDArray

from tests.encoder.tensors import normal


def low_rank(rows: int, columns: int, rank: int, noise: float) -> NDArray[np.float64]:
    left, right = normal(rows, rank, seed=1), normal(rank, columns, seed=2)
    return (left @ (right * 2.0 ** -np.arange(rank)[:, None]) + noise * normal(rows, columns, seed=3)).astype(
        np.float64
    )


@pytest.mark.parametrize("shape", [(64, 200), (200, 16), (40, 1000)])
def test_what_is_made_is_what_the_integers_say(shape: tuple[int, int]) -> None:
    matrix = low_rank(*shape, 3, 0.01)
    found = list(products(matrix, spectrum(matrix), 1e-4))
    assert found
    for one in found:
        product = one.product
        steps = product.step * STEP_CODES[product.codes]
        made = (product.left * steps) @ product.right
        assert np.allclose(made, one.change, rtol=1e-12, atol=0)
        assert one.error == pytest.approx(float(np.square(matrix - made).sum()))


def test_less_noise_takes_more_bits_and_is_nearer() -> None:
    matrix = low_rank(100, 300, 4, 0.01)
    best = []
    for noise in (1e-2, 1e-4, 1e-6):
        best.append(min(products(matrix, spectrum(matrix), noise), key=lambda one: one.error))
    assert best[0].error > best[1].error > best[2].error
    assert best[0].bits < best[1].bits < best[2].bits


def test_a_few_ranks_hold_what_they_can() -> None:
    matrix = low_rank(100, 300, 2, 1e-3)
    one = min(products(matrix, spectrum(matrix), 1e-5), key=lambda one: one.error)
    assert one.error < 1e-3 * np.square(matrix).sum()
    assert one.bits < 0.5 * matrix.size


def test_noise_has_no_product() -> None:
    matrix = normal(60, 80).astype(np.float64)
    assert not list(products(matrix, spectrum(matrix), 10.0))


def test_large_matrices_have_the_same_spectrum_by_iteration() -> None:
    matrix = low_rank(700, 900, 6, 1e-4)
    found, whole = spectrum(matrix), np.linalg.svd(matrix, compute_uv=False)
    assert np.allclose(found.values[:6], whole[:6], rtol=1e-6)
    again = spectrum(matrix)
    assert np.array_equal(again.left, found.left)

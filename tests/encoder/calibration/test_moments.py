"""Sums of second moments: precise, bounded in memory, in parts or diagonals where they are large."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.calibration import moments
from nntc.encoder.calibration.collect import collect
from nntc.encoder.calibration.moments import MAX_BYTES, MomentSum, memory_of, parts_of

from tests.encoder.calibration.models import V, normal, samples_for, two_layers


def test_sums_are_bounded_whatever_the_samples() -> None:
    blocks, size = 1, 700
    total = MomentSum(blocks, size)
    for _ in range(200):
        total.add(np.ones((blocks, 30, size), np.float32), 30)
        held = sum(array.nbytes for array in total._waiting) + total._products.nbytes + total._sums.nbytes
        assert held <= memory_of(blocks, size)
    moment, mean = total.means()
    assert (moment == 1).all()
    assert (mean == 1).all()
    assert total.vectors == 6000


@pytest.mark.parametrize(
    ("blocks", "size", "parts"),
    [
        (1, 6144, 1),
        (1, 9216, 2),
        (1, 25088, 14),
        (1, 7919, 7919),
        (64, 1024, 1),
        (65, 1024, 1024),
        (960, 9, 1),
    ],
)
def test_large_moments_are_cut_into_parts_or_diagonals(blocks: int, size: int, parts: int) -> None:
    assert parts_of(blocks, size) == parts
    assert memory_of(blocks, size) < 2 * MAX_BYTES


@pytest.mark.parametrize(("most", "shape"), [(6, (2, 6, 6)), (5, (3, 4, 4)), (1, (1, 12))])
def test_parts_and_diagonals_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, most: int, shape: tuple[int, ...]
) -> None:
    network = two_layers()
    samples = samples_for(network)
    whole = collect(network, samples).tensors[V]
    monkeypatch.setattr(moments, "MAX_COLUMNS", most)
    monkeypatch.setattr(moments, "_MAX_PARTS", 4)
    found = collect(network, samples).tensors[V]
    assert found.moment.shape == shape
    width = shape[-1]
    assert found.is_diagonal == (len(shape) == 2)
    assert np.allclose(found.diagonal.ravel(), whole.diagonal.ravel())
    assert np.allclose(found.mean.ravel(), whole.mean.ravel())
    for number, part in enumerate(found.moment if len(shape) == 3 else ()):
        columns = slice(number * width, (number + 1) * width)
        assert np.allclose(part, whole.moment[0][columns, columns], rtol=1e-5)
    weights = normal(6, 12, seed=7)
    if len(shape) == 2:
        assert found.output_power(weights) == pytest.approx((weights**2 * whole.diagonal).sum() / 6, rel=1e-5)
    assert found.output_power(weights) > 0
    assert np.array_equal(found.unblocked(found.blocked(weights)), weights)
    assert np.linalg.eigvalsh(found.regularized(0)).min() > 0


def test_float64_sums_of_float32_products_are_precise() -> None:
    rows = normal(1, 4000, 40, seed=3) + np.float32(10)
    total = MomentSum(1, 40)
    for part in np.split(rows, 50, axis=1):
        total.add(part, part.shape[1])
    exact = rows[0].astype(np.float64)
    moment, mean = total.means()
    assert np.allclose(moment[0], exact.T @ exact / 4000, rtol=1e-6)
    assert np.allclose(mean[0], exact.mean(axis=0), rtol=1e-9)

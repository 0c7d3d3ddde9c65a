"""Weights quantized: the noise that is allowed, zeros that stay, and levels that decode to what they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import (
    SCALAR,
    TRELLIS_NOISE,
    Quantized,
    Scalar,
    SharedSet,
    is_scalar,
    quantize,
    shared_tables,
)
from nntc.encoder.quantize.shaping import Shaping, equal_steps
from nntc.encoder.quantize.trellis import MAX_LEVEL
from nntc.encoder.tensors import Tensor
from nntc.format.trellis import EIGHT_STATES, MANY_STATES, Machine, Trellis
from numpy.typing import NDArray

from tests.encoder.tensor.decoding import decode
from tests.encoder.tensors import normal, tensor_of

WEIGHTS = normal(48, 64)
NONE = SharedSet([], {})


def plain(tensor: Tensor) -> list[Shaping]:
    return equal_steps(tensor)[:1]


def decoded(tensor: Tensor, q: Quantized | Scalar) -> NDArray[np.float64]:
    found = np.frombuffer(decode(weight_record(tensor, q, NONE)), "<f4").astype(np.float64)
    return found.reshape(tensor.view.rows, -1)


@pytest.mark.parametrize("machine", [EIGHT_STATES, MANY_STATES])
@pytest.mark.parametrize("noise", [0.1, 0.01, 0.001])
def test_the_noise_is_about_what_is_allowed(noise: float, machine: Machine) -> None:
    tensor = tensor_of(WEIGHTS)
    q = quantize(plain(tensor), tensor.values(), noise, machine=machine)
    assert isinstance(q, Quantized)
    share = np.mean((decoded(tensor, q) - WEIGHTS) ** 2) / np.mean(WEIGHTS**2)
    assert 0.6 * noise < share < 1.3 * noise


def test_levels_times_the_step_are_what_decodes() -> None:
    tensor = tensor_of(WEIGHTS)
    q = quantize(plain(tensor), tensor.values(), 0.01)
    assert isinstance(q, Quantized)
    step = float(np.float32(q.base_step))
    np.testing.assert_array_equal(decoded(tensor, q).ravel(), (q.found.fine * step).astype(np.float32))


def test_beyond_the_tokens_of_a_trellis_levels_are_scalar() -> None:
    tensor = tensor_of(WEIGHTS)
    q = quantize(plain(tensor), tensor.values(), 1e-9)
    assert isinstance(q, Scalar)
    np.testing.assert_allclose(decoded(tensor, q), WEIGHTS, atol=q.base_step * float(SCALAR.step) * 0.51)
    assert float(SCALAR.step) ** 2 / 12 == pytest.approx(TRELLIS_NOISE[Trellis.EIGHT_STATES])
    best = quantize(plain(tensor), tensor.values(), 1e-9, machine=MANY_STATES)
    assert isinstance(best, Scalar)
    assert best.base_step == pytest.approx(q.base_step)  # the noise is that of a trellis, whichever


def test_a_few_outliers_do_not_end_the_trellis_but_too_many_do() -> None:
    bulk = np.full(100_000, 1.0, np.float32)
    assert not is_scalar(bulk)
    outliers = bulk.copy()
    outliers[:20] = 3 * MAX_LEVEL
    assert not is_scalar(outliers)
    outliers[:5000] = 3 * MAX_LEVEL
    assert is_scalar(outliers)
    assert is_scalar(np.append(bulk, np.float32(1e6)))


@pytest.mark.parametrize("noise", [0.03, 1e-9])
def test_pruned_weights_stay_zero(noise: float) -> None:
    values = WEIGHTS * (np.random.default_rng(1).random(WEIGHTS.shape) < 0.4)
    tensor = tensor_of(values.astype(np.float32))
    q = quantize(plain(tensor), tensor.values(), noise)
    found = decoded(tensor, q)
    assert not found[values == 0].any()
    assert np.mean((found - values) ** 2) < 1.3 * noise * np.mean(values**2) + 1e-14


def test_small_rows_have_smaller_steps_only_where_asked() -> None:
    rows = WEIGHTS.copy()
    rows[7] *= 1e-3
    tensor = tensor_of(rows)
    errors: list[Any] = []
    for by_row in (True, False):
        found = decoded(tensor, quantize(plain(tensor), tensor.values(), 0.01, by_row=by_row))
        errors.append(np.mean((found[7] - rows[7]) ** 2) / np.mean(rows[7] ** 2))
    assert errors[0] < 0.3
    assert errors[1] == pytest.approx(1)


def test_shared_tables_cover_the_classes_that_occur() -> None:
    tensors = [tensor_of(WEIGHTS * np.float32(scale)) for scale in (1, 30)]
    quantized = [quantize(plain(t), t.values(), noise) for t, noise in zip(tensors, (0.1, 0.01), strict=True)]
    shared = shared_tables(quantized)
    start, pairs, first = shared.families[0]
    assert start == 0
    assert len(shared.tables) == 2 * pairs
    assert all(first <= q.first for q in quantized if isinstance(q, Quantized))
    more = shared_tables(quantized[:1], shared)
    assert more.tables[: len(shared.tables)] == shared.tables
    assert more.families[0][0] == pairs

"""Matrices stored inputs first: feedback goes from row to row, as it does along rows of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.encode import encode_bytes
from nntc.encoder.methods.calibrated_weights import quantize_calibrated
from nntc.encoder.methods.stored_order import inputs_of, is_stored_order, quantize_in_stored_order
from nntc.encoder.methods.weights import Quantized, Scalar, quantize
from nntc.encoder.quantize.shaping import Shaping
from nntc.encoder.quantize.trellis import MIN_LEVEL
from nntc.format.registry import ViewKind
from nntc.format.view import View
from numpy.typing import NDArray
from onnx import helper, numpy_helper

INPUTS, OUTPUTS = 96, 128
RNG = np.random.default_rng(3)
MIXING = RNG.normal(size=(INPUTS, 24)) / 5
X = RNG.normal(size=(2000, 24)) @ MIXING.T + 0.2 * RNG.normal(size=(2000, INPUTS))
W = RNG.standard_t(5, size=(INPUTS, OUTPUTS)) * 0.04
TRANSPOSED = View(ViewKind.TRANSPOSED, OUTPUTS, INPUTS)
STORED = View(ViewKind.MATRIX, INPUTS, OUTPUTS)
STATISTICS = TensorStatistics(
    TRANSPOSED,
    (X.T @ X / len(X)).astype(np.float32)[None],
    X.mean(axis=0).astype(np.float32)[None],
    Along.ROWS,
    64,
    len(X),
    30.0,
)


def plain(view: View) -> Shaping:
    return Shaping(view, None, None, np.ones(1))


def decoded(q: Quantized | Scalar, rows: int) -> NDArray[np.float64]:
    assert isinstance(q, Quantized)
    values = q.found.fine.reshape(rows, -1) * (q.base_step * q.candidate.steps)
    return values if q.row_steps is None else values * q.row_steps.factors[:, None]


def noise_of(values: NDArray[np.float64]) -> float:
    return float(np.square(X @ (W - values)).sum() / np.square(X @ W).sum())


def bits_of(q: Quantized | Scalar) -> float:
    assert isinstance(q, Quantized)
    counts = q.counts().astype(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return float(-(counts[counts > 0] * np.log2(shares[counts > 0])).sum() / counts.sum())


def test_it_comes_as_near_with_as_few_bits_as_rows_of_outputs_do() -> None:
    across = quantize_calibrated([plain(TRANSPOSED)], W.T.ravel().copy(), STATISTICS, 0.01, False)
    own = inputs_of(STATISTICS, 0, INPUTS)
    along = quantize_in_stored_order(plain(STORED), W.ravel().copy(), own, 0.01, False)
    without = quantize([plain(STORED)], W.ravel().copy(), 0.01)
    errors = [noise_of(decoded(across.quantized, OUTPUTS).T), noise_of(decoded(along.quantized, INPUTS))]
    assert errors[1] < 1.2 * errors[0]
    assert errors[1] < noise_of(decoded(without, INPUTS))
    assert bits_of(along.quantized) < 1.03 * bits_of(across.quantized)
    assert bits_of(along.quantized) < bits_of(without) - 0.3
    assert along.noise == pytest.approx(errors[1], rel=0.05)


def test_zeros_stay_and_small_outputs_get_steps_of_their_own() -> None:
    pruned = W * (RNG.random(W.shape) < 0.3)
    own = inputs_of(STATISTICS, 0, INPUTS)
    found = quantize_in_stored_order(plain(STORED), pruned.ravel(), own, 0.01, False)
    assert not decoded(found.quantized, INPUTS)[pruned == 0].any()
    small = W.copy()
    small[:, 5] *= 1e-4
    values = decoded(
        quantize_in_stored_order(
            plain(STORED), small.ravel(), inputs_of(STATISTICS, 0, INPUTS), 0.01, False
        ).quantized,
        INPUTS,
    )
    assert np.square(X @ (small - values))[:, 5].sum() < 0.3 * np.square(X @ small)[:, 5].sum()


def test_the_mean_of_what_outputs_miss_is_told() -> None:
    own = inputs_of(STATISTICS, 0, INPUTS)
    found = quantize_in_stored_order(plain(STORED), W.ravel().copy(), own, 0.05, True)
    assert found.shift is not None
    missing = X.mean(axis=0) @ (W - decoded(found.quantized, INPUTS))
    np.testing.assert_allclose(found.shift, missing, atol=1e-3)


def test_every_row_begins_a_segment_and_levels_have_the_least_offset() -> None:
    own = inputs_of(STATISTICS, 32, 32)
    view = View(ViewKind.MATRIX, 32, OUTPUTS)
    found = quantize_in_stored_order(plain(view), W[32:64].ravel(), own, 0.01, False)
    assert isinstance(found.quantized, Quantized)
    assert OUTPUTS % found.quantized.segment == 0
    assert found.quantized.found.levels.min() >= MIN_LEVEL


@pytest.mark.parametrize(
    ("view", "is_one"),
    [
        (STORED, True),
        (View(ViewKind.MATRIX, 10, OUTPUTS), True),
        (View(ViewKind.MATRIX, 10, INPUTS), False),
        (View(ViewKind.MATRIX, INPUTS + 1, OUTPUTS), False),
        (TRANSPOSED, False),
    ],
)
def test_which_matrices_are_stored_inputs_first(view: View, is_one: bool) -> None:
    assert is_stored_order(STATISTICS, view) == is_one


def test_a_file_for_a_device_is_calibrated() -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "v"], ["y"]),
    ]
    weights = {"w": W.astype(np.float32), "v": W.T.astype(np.float32)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", INPUTS])],
        [helper.make_tensor_value_info("y", 1, ["n", INPUTS])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    chosen: dict[str, Any] = {"calibration": [{"x": row[None].astype(np.float32)} for row in X[:64]]}
    _, report = encode_bytes(model, quality=20, device_memory=1 << 14, **chosen)
    assert not [tensor.note for tensor in report.tensors if "another matrix" in tensor.note]
    _, without = encode_bytes(model, quality=20, device_memory=1 << 14)
    assert report.size < without.size

"""Weights with scales that are not undone, such as those of a normalization: all rows and columns survive."""

from __future__ import annotations

from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.methods.partition import UNEQUAL_LINES
from nntc.encoder.quantize.small_lines import LOST
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Floats = NDArray[np.float32]


def weights(shape: tuple[int, ...], axis: int, kind: str) -> Floats:
    """Return weights whose size along an axis differs by up to a million."""
    draw = np.random.default_rng(3)
    scales = np.ones(shape[axis])
    if kind == "half":
        scales[draw.permutation(scales.size)[: scales.size // 2]] = 1e-6
    elif kind == "any":
        scales = 10 ** draw.uniform(-6, 0, scales.size)
    else:
        scales[5] = 1e-6
    along = [-1 if n == axis else 1 for n in range(len(shape))]
    return (draw.normal(size=shape) * scales.reshape(along)).astype(np.float32)


def coded(own: Floats, operator: str, **options: Any) -> tuple[Floats, nntc.EncodeReport]:
    """Return weights of a layer as they come back."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, None)],
        [helper.make_tensor_value_info("y", 1, None)],
        [numpy_helper.from_array(own, "w")],
    )
    data, report = nntc.encode_bytes(helper.make_model(graph).SerializeToString(), **options)
    decoded = onnx.load_model_from_string(nntc.decode_bytes(data)[None])
    return numpy_helper.to_array(decoded.graph.initializer[0]), report


def worst(own: Floats, decoded: Floats, axis: int) -> float:
    """Return the largest relative error of a slice along an axis."""
    others = tuple(n for n in range(own.ndim) if n != axis)
    errors = np.square(decoded.astype(np.float64) - own).sum(others)
    return float(np.sqrt(errors / np.square(own.astype(np.float64)).sum(others)).max())


@pytest.mark.parametrize("kind", ["half", "any", "one"])
@pytest.mark.parametrize(
    ("operator", "shape", "axis"),
    [
        ("Gemm", (96, 64), 0),
        ("Gemm", (96, 64), 1),
        ("MatMul", (64, 96), 0),
        ("MatMul", (64, 96), 1),
        ("Conv", (32, 24, 3, 3), 0),
        ("Conv", (32, 24, 3, 3), 1),
        ("Conv", (64, 64, 1, 1), 1),
        ("ConvTranspose", (24, 32, 3, 3), 0),
    ],
)
def test_auto_leaves_no_row_and_no_column_with_a_third_of_itself_lost(
    operator: str, shape: tuple[int, ...], axis: int, kind: str
) -> None:
    own = weights(shape, axis, kind)
    decoded, report = coded(own, operator)
    assert worst(own, decoded, axis) < 0.3
    assert 0.01 < report.error < 0.05


@pytest.mark.parametrize("axis", [0, 1])
def test_a_small_matrix_keeps_its_small_lines_too(axis: int) -> None:
    own = weights((40, 32), axis, "half")
    assert worst(own, coded(own, "Gemm")[0], axis) < 0.3


def test_pruned_weights_keep_small_columns() -> None:
    own = weights((96, 64), 1, "half")
    own[np.random.default_rng(4).random(own.shape) < 0.8] = 0
    decoded, _ = coded(own, "Gemm")
    assert worst(own, decoded, 1) < 0.3
    assert not decoded[own == 0].any()


def test_columns_with_steps_of_their_own_lose_nothing_more_when_coded_again() -> None:
    once, _ = coded(weights((96, 64), 1, "half"), "Gemm")
    again, report = coded(once, "Gemm")
    assert np.array_equal(once, again)
    assert report.error == 0


@pytest.mark.parametrize(
    "options",
    [
        {"method": "dct", "bits": 4},
        {"method": "dct", "bits": 8},
        {"method": "quantization", "bits": 8},
        {"method": "clustering", "bits": 8},
        {"method": "deep", "bits": 8},
    ],
    ids=str,
)
@pytest.mark.parametrize("axis", [0, 1])
def test_methods_with_one_step_are_exact_where_many_lines_are_small_and_say_so_where_few_are(
    axis: int, options: dict[str, Any]
) -> None:
    many = weights((96, 64), axis, "half")
    decoded, report = coded(many, "Gemm", **options)
    assert np.array_equal(decoded, many)
    assert report.tensors[0].note == UNEQUAL_LINES
    few = weights((96, 64), axis, "one")
    decoded, report = coded(few, "Gemm", **options)
    assert report.tensors[0].note == (LOST if worst(few, decoded, axis) > 0.3 else "")
    alike = np.random.default_rng(3).normal(size=(96, 64)).astype(np.float32)
    assert coded(alike, "Gemm", **options)[1].tensors[0].note == ""

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

from tests.networks import model_of

Floats = NDArray[np.float32]


def weights(shape: tuple[int, ...], axis: int, kind: str) -> Floats:
    """Return weights whose size along an axis differs by up to a million, or a billion if far."""
    draw = np.random.default_rng(3)
    scales = np.ones(shape[axis])
    if kind == "half":
        scales[draw.permutation(scales.size)[: scales.size // 2]] = 1e-6
    elif kind == "half, far":
        scales[draw.permutation(scales.size)[: scales.size // 2]] = 1e-10
    elif kind == "any":
        scales = 10 ** draw.uniform(-6, 0, scales.size)
    else:
        scales[5] = 1e-6
    along = [-1 if n == axis else 1 for n in range(len(shape))]
    return (draw.normal(size=shape) * scales.reshape(along)).astype(np.float32)


def coded(own: Floats, operator: str, **options: Any) -> tuple[Floats, nntc.EncodeReport]:
    """Return weights of a layer as they come back."""
    inputs = ["w", "x"] if operator.startswith("Left") else ["x", "w"]
    graph = helper.make_graph(
        [helper.make_node(operator.removeprefix("Left"), inputs, ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", 32, 1] if operator.startswith("Left") else None)],
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


@pytest.mark.parametrize("kind", ["half", "half, far", "any", "one"])
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


@pytest.mark.parametrize("shape", [(32, 24), (32, 96), (32, 1), (1000, 1)])
def test_weights_of_an_input_with_a_large_unit_survive(shape: tuple[int, int]) -> None:
    own = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    own[5] *= 1e-10
    decoded, report = coded(own, "MatMul")
    assert worst(own, decoded, 0) < 0.3
    assert 0.001 < report.error < 0.05


def test_inputs_of_other_units_may_come_side_by_side() -> None:
    own = weights((96, 64), 0, "one") ** 3
    parts = [helper.make_tensor_value_info(name, 1, [1, 48]) for name in "ab"]
    nodes = [
        helper.make_node("Concat", ["a", "b"], ["x"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    outputs = [helper.make_tensor_value_info("y", 1, None)]
    graph = helper.make_graph(nodes, "g", parts, outputs, [numpy_helper.from_array(own, "w")])
    data, _ = nntc.encode_bytes(helper.make_model(graph).SerializeToString())
    decoded = onnx.load_model_from_string(nntc.decode_bytes(data)[None])
    assert worst(own, numpy_helper.to_array(decoded.graph.initializer[0]), 0) < 0.3


def test_samples_of_inputs_that_weights_are_as_small_for_as_they_are_large() -> None:
    """Half of the rows have weights for the large inputs only, half for the small ones."""
    scales = np.repeat([1.0, 1e-9], 16).astype(np.float32)
    draw = np.random.default_rng(3)
    own = draw.normal(size=(128, 32)).astype(np.float32) * scales
    own[:64, 16:] = 0
    own[64:, :16] = 0
    samples = [{"x": (draw.normal(size=32) / scales).astype(np.float32)[None, :, None]} for _ in range(32)]
    decoded, _ = coded(own, "LeftMatMul", calibration=samples)
    assert worst(own, decoded, 0) < 0.3
    assert worst(own, decoded, 1) < 0.3


@pytest.mark.parametrize("method", ["quantization", "dct", "clustering", "deep"])
def test_biases_of_channels_of_other_units_survive_one_step(method: str) -> None:
    draw = np.random.default_rng(3)
    w, b = draw.normal(size=(64, 64)).astype(np.float32), draw.normal(size=64).astype(np.float32)
    b[::2] *= np.float32(1e-6)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, None)],
        [helper.make_tensor_value_info("y", 1, None)],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")],
    )
    options: dict[str, Any] = {"biases": True} if method == "deep" else {}
    data, _ = nntc.encode_bytes(
        helper.make_model(graph).SerializeToString(), method=method, bits=6, **options
    )
    decoded = onnx.load_model_from_string(nntc.decode_bytes(data)[None])
    assert np.abs(numpy_helper.to_array(decoded.graph.initializer[1]) / b - 1).max() < 0.3


@pytest.mark.parametrize("kind", ["half", "half, far"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_small_matrix_keeps_its_small_lines_too(axis: int, kind: str) -> None:
    own = weights((40, 32), axis, kind)
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


@pytest.mark.parametrize(
    "options", [{}, {"method": "dct"}, {"method": "quantization"}, {"method": "deep"}], ids=str
)
@pytest.mark.parametrize("size", [1e-6, 1e-10])
def test_small_columns_of_a_table_survive(size: float, options: dict[str, Any]) -> None:
    table = np.random.default_rng(3).normal(size=(300, 16)).astype(np.float32)
    table[:, 5:] *= size
    nodes = [helper.make_node("Gather", ["t", "i"], ["e"]), helper.make_node("MatMul", ["e", "w"], ["y"])]
    model = model_of(nodes, {"t": table, "w": np.eye(16, dtype=np.float32)}, {"i": (1,)}, {"y": (1, 16)})
    decoded = nntc.decode_bytes(nntc.encode_bytes(model.SerializeToString(), **options)[0])[None]
    found = onnx.load_model_from_string(decoded).graph.initializer[0]
    assert worst(table, numpy_helper.to_array(found), 1) < 0.3


@pytest.mark.parametrize("hidden", [-1e4, -1e9, -3.4028235e38])
@pytest.mark.parametrize(
    "options", [{}, {"method": "dct"}, {"method": "quantization"}, {"method": "deep"}], ids=str
)
def test_distances_in_a_mask_survive_what_it_hides(hidden: float, options: dict[str, Any]) -> None:
    mask = masked(hidden)
    model = attention(mask)
    decoded = nntc.decode_bytes(nntc.encode_bytes(model.SerializeToString(), **options)[0])[None]
    found = onnx.load_model_from_string(decoded).graph.initializer[2]
    assert found.name == "mask"
    errors = np.abs(numpy_helper.to_array(found) - mask)
    assert (errors <= 0.1 * np.abs(mask))[mask > hidden].all()


def test_a_network_with_a_mask_of_the_lowest_float_is_calibrated_without_a_warning() -> None:
    draw = np.random.default_rng(3)
    samples = [{"x": draw.normal(size=(8, 64, 64)).astype(np.float32)} for _ in range(8)]
    _, report = nntc.encode_bytes(attention(masked(-3.4028235e38)).SerializeToString(), calibration=samples)
    assert report.fidelity is not None
    assert report.fidelity.cosine > 0.9


def masked(hidden: float) -> Floats:
    """Return distances, float32 [8, 64, 64], hidden where they look ahead."""
    places = np.arange(64, dtype=np.float32)
    distances = -np.abs(places[:, None] - places) * 2.0 ** -np.arange(8)[:, None, None]
    return np.where(places > places[:, None], hidden, distances).astype(np.float32)


def attention(mask: Floats) -> onnx.ModelProto:
    """Return a network whose scores a mask is added to."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["s"]),
        helper.make_node("Add", ["s", "mask"], ["m"]),
        helper.make_node("Softmax", ["m"], ["p"]),
        helper.make_node("MatMul", ["p", "v"], ["y"]),
    ]
    w, v = np.random.default_rng(3).normal(size=(2, 64, 64)).astype(np.float32)
    constants = {"w": w, "v": v, "mask": mask}
    return model_of(nodes, constants, {"x": (8, 64, 64)}, {"y": (8, 64, 64)})

"""Decoded models coded again: recognised by their values alone, of the same size, without further loss."""

from __future__ import annotations

from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tests.networks import classifier, decisive, heavy, holding, model_of

SIDE = 200
"""Bytes that small tensors of a method that codes each by itself take more when they are coded together."""
CLASSIFIER = classifier(width=48).SerializeToString()


def images(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    coarse = rng.normal(size=(count, 1, 3, 4, 4))
    return [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in 3 * coarse]


def pruned() -> bytes:
    rng = np.random.default_rng(0)
    weights = heavy(rng, 200, 300) * (rng.random((200, 300)) >= 0.7)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = model_of(nodes, {"w": weights.astype(np.float32)}, {"x": ["n", 200]}, {"y": ["n", 300]})
    return bytes(model.SerializeToString())


def uneven_rows() -> bytes:
    """Rows of very different size have steps of their own."""
    rng = np.random.default_rng(0)
    table = heavy(rng, 300, 64) * 2.0 ** -rng.integers(0, 12, (300, 1))
    nodes = [helper.make_node("Gather", ["table", "i"], ["y"])]
    model = model_of(nodes, {"table": table.astype(np.float32)}, {"x": ["n", 1]}, {"y": ["n", 64]})
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("i", onnx.TensorProto.INT64, ["n"]))
    return bytes(model.SerializeToString())


FIRST: dict[str, tuple[bytes, dict[str, Any]]] = {
    **{f"auto-{q}": (CLASSIFIER, {"quality": q}) for q in (10, 20, 30, 45)},
    "weights": (CLASSIFIER, {"quality": 22, "objective": "weights"}),
    "calibrated": (decisive(32).SerializeToString(), {"quality": 20, "calibration": images(24)}),
    "calibrated-30": (decisive(32).SerializeToString(), {"quality": 30, "calibration": images(24)}),
    "best": (CLASSIFIER, {"quality": 20, "effort": "best"}),
    "calibrated-best": (
        decisive(32).SerializeToString(),
        {"quality": 20, "calibration": images(24), "effort": "best"},
    ),
    "pruned": (pruned(), {"quality": 25}),
    "rows": (uneven_rows(), {"quality": 25}),
    "dct": (CLASSIFIER, {"method": "dct", "bits": 5}),
    "quantization": (CLASSIFIER, {"method": "quantization", "bits": 5}),
    "clustering": (CLASSIFIER, {"method": "clustering", "bits": 5}),
    "deep": (CLASSIFIER, {"method": "deep", "bits": 4, "prune": 0.4}),
}


@cache
def coded(name: str) -> tuple[int, bytes]:
    """Return the size of a file, and the model that it decodes to."""
    model, chosen = FIRST[name]
    data, _ = encode_bytes(model, **chosen)
    return len(data), bytes(decode_bytes(data)[None])


AGAIN: list[dict[str, Any]] = [{}, {"quality": 50}, {"method": "lossless"}]
# Of deep, the biases are exact still: at 50 dB they are not.
PAIRS = [(name, again) for name in FIRST for again in AGAIN if (name, again) != ("deep", {"quality": 50})]


@pytest.mark.parametrize(("name", "again"), PAIRS, ids=str)
def test_the_same_size_and_no_further_loss(name: str, again: dict[str, Any]) -> None:
    size, model = coded(name)
    data, report = encode_bytes(model, **again)
    assert decode_bytes(data)[None] == model
    assert report.error == 0
    assert len(data) < 1.01 * size + SIDE


def test_a_goal_that_the_same_levels_reach_is_reached_by_them() -> None:
    size, model = coded("auto-20")
    data, _ = encode_bytes(model, target_size=2 * size)
    assert decode_bytes(data)[None] == model
    assert len(data) < 1.01 * size


def test_a_smaller_size_is_reached_by_other_levels() -> None:
    size, model = coded("auto-30")
    data, report = encode_bytes(model, target_size=size // 2)
    assert 0.45 * size < len(data) <= size // 2
    assert report.error > 0


def test_calibration_does_not_change_what_was_coded_before() -> None:
    size, model = coded("auto-30")
    data, report = encode_bytes(model, calibration=images(16))
    assert report.size == len(data) < 1.01 * size


@pytest.mark.parametrize("element", ["FLOAT16", "BFLOAT16", "DOUBLE"])
def test_other_element_types_at_moderate_precision(element: str) -> None:
    """Eight bits of bfloat16 tell levels up to about a hundred apart."""
    kind = {"FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "DOUBLE": np.float64}[element]
    weights = heavy(np.random.default_rng(1), 96, 200).astype(kind)
    tensor = helper.make_tensor(
        "w", getattr(onnx.TensorProto, element), (96, 200), weights.tobytes(), raw=True
    )
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", [], [], [tensor])
    data, _ = encode_bytes(helper.make_model(graph, ir_version=10).SerializeToString(), quality=12)
    model = decode_bytes(data)[None]
    again, _ = encode_bytes(model, quality=30)
    assert decode_bytes(again)[None] == model
    assert len(again) < 1.01 * len(data) + 100


def test_a_layer_that_was_trained_on_is_coded_as_asked() -> None:
    """All others keep their levels."""
    _, model = coded("auto-30")
    changed = onnx.load_from_string(model)
    tensor = next(t for t in changed.graph.initializer if t.name == "point")
    values = numpy_helper.to_array(tensor)
    trained = values + np.random.default_rng(0).normal(0, 1e-3, values.shape)
    tensor.CopyFrom(numpy_helper.from_array(trained.astype(np.float32), tensor.name))
    _, report = encode_bytes(changed.SerializeToString())
    errors = {t.name: t.error for t in report.tensors}
    assert 0.005 < errors.pop("point") < 0.3
    assert set(errors.values()) == {0.0}


def test_a_lower_quality_that_is_asked_for_is_had() -> None:
    size, model = coded("auto-30")
    data, report = encode_bytes(model, quality=15)
    assert len(data) < 0.75 * size
    assert report.error > 0.05


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_weights_are_not_taken_for_coded_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[Any]] = {
        "normal": rng.normal(size=(64, 64)),
        "half": rng.normal(size=(64, 64)).astype(np.float16),
        "fixed": np.rint(rng.normal(size=(64, 64)) * 2**13) / 2**14,
        "uniform": rng.uniform(-1, 1, (64, 64)),
        "rows": rng.normal(size=(64, 64)) * 2.0 ** -rng.integers(0, 9, (64, 1)),
    }
    tensors = {name: array.astype(np.float32) for name, array in weights.items()}
    nodes = [helper.make_node("MatMul", [f"x_{name}", name], [f"y_{name}"]) for name in tensors]
    inputs: dict[str, list[int | str]] = {f"x_{name}": ["n", 64] for name in tensors}
    outputs: dict[str, list[int | str]] = {f"y_{name}": ["n", 64] for name in tensors}
    _, report = encode_bytes(model_of(nodes, dict(tensors), inputs, outputs).SerializeToString(), quality=20)
    assert all(tensor.error > 0.01 for tensor in report.tensors)
    assert report.ratio > 5


def test_nothing_to_recognise() -> None:
    model = holding(zeros=np.zeros((64, 64), np.float32), one=np.ones(1, np.float32)).SerializeToString()
    assert decode_bytes(encode_bytes(model, quality=20)[0])[None] == model

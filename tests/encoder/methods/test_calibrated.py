"""Encoding by calibration samples, from the model to the file and back."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import onnx
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.encoder.methods.calibrated_weights import quantize_calibrated
from nntc.encoder.network.network import Network
from nntc.errors import ModelError, SamplesError
from onnx import helper

from tests.constant_models import weights
from tests.networks import Array, decisive, heavy, model_of

MODEL = decisive().SerializeToString()


def images(count: int, seed: int) -> list[dict[str, Any]]:
    """Return smooth images: neighbouring pixels are alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, 1, 3, 4, 4))
    return [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in 3 * coarse]


def output_error(decoded: bytes, original: bytes, samples: list[dict[str, Any]]) -> float:
    before, after = (Network(m).session() for m in (original, decoded))
    pairs = [(before.run(sample)[0], after.run(sample)[0]) for sample in samples]
    return float(sum(((a - b) ** 2).sum() for a, b in pairs) / sum((a**2).sum() for a, _ in pairs))


@pytest.mark.parametrize("ratio", [6, 9])
def test_outputs_are_nearer_than_without_samples_at_the_same_size(ratio: int) -> None:
    errors = []
    for calibration in (None, images(64, 1)):
        data, report = encode_bytes(
            MODEL, ratio=ratio, calibration=calibration, trust_samples=calibration is not None
        )
        assert 0.97 * ratio < report.original_size / report.size * 0.97 <= 1.02 * ratio
        decoded = decode_bytes(data)[None]
        errors.append(output_error(decoded, MODEL, images(40, 2)))
    assert errors[1] < 0.7 * errors[0]


def test_quality_is_that_of_outputs() -> None:
    sizes = []
    for quality in (12.0, 25.0, 90.0):  # the last beyond what a trellis is for
        data, report = encode_bytes(MODEL, quality=quality, calibration=images(32, 1), trust_samples=True)
        sizes.append(report.size)
        error = output_error(decode_bytes(data)[None], MODEL, images(20, 1))
        assert error < 20 * 10 ** (-min(quality, 80) / 10)
    assert sizes == sorted(sizes)


def test_the_same_bytes_whatever_runs_it() -> None:
    chosen: dict[str, Any] = {"quality": 18, "calibration": images(16, 3), "trust_samples": True}
    alone, _ = encode_bytes(MODEL, **chosen)
    assert encode_bytes(MODEL, jobs=3, **chosen)[0] == alone
    for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
        with kind(2) as executor:
            assert encode_bytes(MODEL, jobs=executor, **chosen)[0] == alone


def test_samples_that_all_look_the_same_are_left_out() -> None:
    same = [{"image": image["image"] * 0.001} for image in images(8, 1)]
    without, _ = encode_bytes(MODEL, quality=24)
    data, report = encode_bytes(MODEL, quality=24, calibration=same, trust_samples=True)
    assert decode_bytes(data) == decode_bytes(without)
    assert any("without the calibration samples" in remark for remark in report.remarks)


def test_folded_normalizations_are_told_of() -> None:
    _, report = encode_bytes(MODEL, calibration=images(16, 1), trust_samples=True)
    assert any("2 batch normalizations" in remark for remark in report.remarks)


def layers() -> onnx.ModelProto:
    """Return layers of other kinds: matrix products either way round, transposed and grouped convolutions."""
    rng = np.random.default_rng(0)
    constants: dict[str, Array | onnx.TensorProto] = {
        "grouped": heavy(rng, 24, 8, 3, 3, scale=0.2),
        "transposed": heavy(rng, 24, 24, 2, 2, scale=0.2),
        "left": heavy(rng, 64, 96, scale=0.2),
        "right": heavy(rng, 24 * 16, 64, scale=0.2),
        "unused": heavy(rng, 64, 64),
        "shape": np.array([1, 24 * 16]),
        "column": np.array([96, 1]),
        "wide": heavy(rng, 64, 96, scale=1.0),
    }
    nodes = [
        helper.make_node("Conv", ["x", "grouped"], ["a"], group=3, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("ConvTranspose", ["b", "transposed"], ["c"], strides=[2, 2]),
        helper.make_node("Tanh", ["c"], ["d"]),
        helper.make_node("Reshape", ["d", "shape"], ["e"]),
        helper.make_node("MatMul", ["e", "right"], ["f"]),
        helper.make_node("Gemm", ["f", "wide"], ["g"]),
        helper.make_node("Reshape", ["g", "column"], ["h"]),
        helper.make_node("MatMul", ["left", "h"], ["y"]),
    ]
    return model_of(nodes, constants, {"x": (1, 24, 2, 2)}, {"y": (64, 1)})


def test_layers_of_all_kinds() -> None:
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(24, 24))
    samples = [
        {"x": np.einsum("oc,nchw->nohw", mixed, rng.normal(size=(1, 24, 2, 2))).astype(np.float32)}
        for _ in range(48)
    ]
    original = layers().SerializeToString()
    data, report = encode_bytes(original, quality=20, calibration=samples[:32])
    assert output_error(decode_bytes(data)[None], original, samples[32:]) < 0.2
    used = {t.tool for t in report.tensors if t.size > 2048 and t.name != "unused"}
    assert used == {"uniform"}


def test_a_bias_that_two_layers_share_is_not_shifted() -> None:
    rng = np.random.default_rng(3)
    bias = rng.normal(0, 0.01, 64).astype(np.float32)
    constants: dict[str, Array | onnx.TensorProto] = {
        "a": heavy(rng, 64, 64, scale=0.3), "b": heavy(rng, 64, 64, scale=0.3), "c": bias, "d": bias,
    }  # fmt: skip
    nodes = [
        helper.make_node("Gemm", ["x", "a", "c"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "b", "d"], ["y"]),
    ]
    original = model_of(nodes, constants, {"x": (1, 64)}, {"y": (1, 64)}).SerializeToString()
    samples = [{"x": rng.normal(1, 1, (1, 64)).astype(np.float32)} for _ in range(32)]
    decoded = decode_bytes(encode_bytes(original, quality=20, calibration=samples)[0])[None]
    initializers = onnx.load_from_string(decoded).graph.initializer
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in initializers}
    np.testing.assert_array_equal(tensors["c"], tensors["d"])
    assert np.abs(tensors["c"] - bias).max() < 0.02


def test_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SamplesError, match="image"):
        encode_bytes(MODEL, calibration=[{"image": np.zeros((1, 3, 5, 5), np.float32)}])
    with pytest.raises(ValueError, match="calibration is for the methods auto and lossless"):
        encode_bytes(MODEL, method="dct", calibration=images(2, 1))


def test_small_matrices_have_the_quality_that_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    constants: dict[str, Array | onnx.TensorProto] = {
        "a": heavy(rng, 30, 32, scale=0.2),
        "b": heavy(rng, 32, 32, scale=0.2),
        "c": heavy(rng, 32, 5, scale=0.2),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Tanh", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "b"], ["s"]),
        helper.make_node("Tanh", ["s"], ["t"]),
        helper.make_node("MatMul", ["t", "c"], ["y"]),
    ]
    original = model_of(nodes, constants, {"x": (1, 30)}, {"y": (1, 5)}).SerializeToString()
    samples = [{"x": rng.normal(size=(1, 30)).astype(np.float32)} for _ in range(96)]
    for quality in (20, 45):
        data, _ = encode_bytes(original, quality=quality, calibration=samples[:64])
        error = output_error(decode_bytes(data)[None], original, samples[64:])
        plain, _ = encode_bytes(original, target_size=len(data))
        assert error < 10 * 10 ** (-quality / 10)
        assert error < 1.3 * output_error(decode_bytes(plain)[None], original, samples[64:])
    _, report = encode_bytes(original, max_divergence=0.001, calibration=samples[:64])
    assert report.fidelity is not None
    assert report.fidelity.divergence <= 0.001


def test_a_layer_that_cannot_be_calibrated_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def singular(candidates: Any, values: Array, *rest: Any, **chosen: Any) -> Any:
        if values.size == 16 * 16 * 3 * 3:  # "second"
            raise np.linalg.LinAlgError
        return quantize_calibrated(candidates, values, *rest, **chosen)

    monkeypatch.setattr("nntc.encoder.methods.calibrated.quantize_calibrated", singular)
    _, report = encode_bytes(MODEL, calibration=images(16, 1), trust_samples=True)
    notes = {tensor.name: tensor.note for tensor in report.tensors if tensor.size >= 2048}
    reason = "calibration does not help it: the second moments of its inputs cannot be inverted"
    assert notes == {name: reason if name == "second" else "" for name in notes}
    assert "second" in notes


def test_a_size_out_of_reach_is_an_error() -> None:
    with pytest.raises(ModelError, match="E_GOAL"):
        encode_bytes(MODEL, target_size=100, calibration=images(8, 1))


@pytest.mark.parametrize(
    ("scales", "size", "noted"),
    [
        ((1e30, 1e-30, 1), 1, "w1"),  # inputs of the second layer have no squares
        ((1e15, 1e-15, 1), 1, ""),
        ((1, 1, 1e37), 1, ""),  # nor have weights
        ((1e-38, 1e38, 1), 1, ""),
        ((1, 1, 1), 1e37, "w0"),
        ((1, 1, 1), 1e-40, ""),
        ((1e19, 1, 1e12), 1e6, "w1"),
    ],
)
def test_what_overflows_leaves_a_layer_uncalibrated_and_makes_no_warnings(
    scales: tuple[float, ...], size: float, noted: str
) -> None:
    rng = np.random.default_rng(0)
    constants: dict[str, Array | onnx.TensorProto] = {}
    nodes = []
    for i, scale in enumerate(scales):
        constants[f"w{i}"] = (rng.normal(0, 0.125, (64, 64)) * scale).astype(np.float32)
        nodes.append(helper.make_node("MatMul", [f"h{i}", f"w{i}"], [f"h{i + 1}"]))
    model = model_of(nodes, constants, {"h0": (1, 64)}, {"h3": (1, 64)}).SerializeToString()
    samples = [{"h0": (size * rng.normal(size=(1, 64))).astype(np.float32)} for _ in range(24)]
    # Warnings are errors in all tests.
    data, report = encode_bytes(model, quality=30, calibration=samples, evaluation=samples)
    assert report.fidelity is not None
    assert len(decode_bytes(data)[None]) == len(model)
    notes = {tensor.name: tensor.note for tensor in report.tensors if tensor.note}
    is_plain = any("without the calibration samples" in remark for remark in report.remarks)
    assert noted in notes or not noted or is_plain


def test_of_small_tensors_alone_a_higher_quality_is_no_smaller() -> None:
    constants: dict[str, Array | onnx.TensorProto] = {}
    nodes = []
    for i, outputs in enumerate((8, 8, 3)):
        constants |= {f"w{i}": weights(8, outputs, seed=i), f"b{i}": weights(outputs, 1, seed=i + 9)[:, 0]}
        nodes.append(helper.make_node("Gemm", [f"h{i}", f"w{i}", f"b{i}"], [f"h{i + 1}"]))
    model = model_of(nodes, constants, {"h0": (1, 8)}, {"h3": (1, 3)}).SerializeToString()
    sizes = [len(encode_bytes(model, quality=quality)[0]) for quality in (20, 45, 55, 70, 90)]
    assert sizes[1] <= min(sizes[2:])

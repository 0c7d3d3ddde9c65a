from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.encoder.methods.laude import laude_record
from nntc.encoder.options import Entropy, Method
from nntc.encoder.report import TensorReport
from nntc.encoder.tensor.record import Record
from nntc.format.registry import Coder, ElementType, Tool, ViewKind
from nntc.format.view import View
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy import fft

METHODS = (Method.QUANTIZATION, Method.CLUSTERING, Method.DCT)
RANDOM = np.random.default_rng(7)
KERNELS = RANDOM.normal(0, 0.1, (16, 8, 3, 3)).astype(np.float32)
DENSE = RANDOM.normal(0, 0.1, (80, 24)).astype(np.float32)
VECTOR = RANDOM.normal(1, 0.2, 512).astype(np.float32)


@dataclass(frozen=True)
class Result:
    data: bytes
    values: NDArray[Any]
    report: TensorReport


def conv(weights: NDArray[Any]) -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    return model_of(node, numpy_helper.from_array(weights, "w"))


def matmul(weights: NDArray[Any]) -> onnx.ModelProto:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return model_of(node, numpy_helper.from_array(weights, "w"))


def bias(weights: NDArray[Any]) -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "kernels", "w"], ["y"])
    return model_of(node, numpy_helper.from_array(weights, "w"))


def model_of(node: onnx.NodeProto, tensor: onnx.TensorProto) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph([node], "g", [], [], [tensor]))


def coded(model: onnx.ModelProto, method: Method, bits: int, **options: Any) -> Result:
    """Encode and decode a model with one initializer."""
    data, report = encode_bytes(model.SerializeToString(), method=method, bits=bits, **options)
    whole = decode_bytes(data)[None]
    values = numpy_helper.to_array(onnx.load_model_from_string(whole).graph.initializer[0])
    return Result(data, values, report.tensors[0])


def distinct(values: NDArray[Any]) -> int:
    """Count values that differ by more than rounding."""
    ordered = np.sort(values.ravel().astype(np.float64))
    return 1 + int(np.count_nonzero(np.diff(ordered) > 1e-4 * np.ptp(ordered)))


@pytest.mark.parametrize("bits", range(1, 9))
def test_quantization_has_levels_from_least_to_greatest(bits: int) -> None:
    result = coded(conv(KERNELS), Method.QUANTIZATION, bits)
    assert result.report.tool == "uniform"
    step = np.ptp(KERNELS) / (2**bits - 1)
    assert np.abs(result.values - KERNELS).max() <= step / 2 * 1.00001
    assert distinct(result.values) <= 2**bits
    np.testing.assert_allclose(result.values.min(), KERNELS.min())
    np.testing.assert_allclose(result.values.max(), KERNELS.max(), rtol=1e-5)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("model", [conv(KERNELS), matmul(DENSE), bias(VECTOR)])
def test_clustering_has_as_many_centroids(bits: int, model: onnx.ModelProto) -> None:
    result = coded(model, Method.CLUSTERING, bits)
    original = numpy_helper.to_array(model.graph.initializer[0])
    assert result.report.tool == "codebook"
    centroids = np.unique(result.values)
    assert centroids.size <= 2**bits
    nearest = np.abs(original[..., None] - centroids).min(axis=-1)
    np.testing.assert_allclose(np.abs(original - result.values), nearest)


@pytest.mark.parametrize("bits", range(1, 9))
def test_dct_quantizes_the_coefficients_of_kernels(bits: int) -> None:
    result = coded(conv(KERNELS), Method.DCT, bits)
    original, decoded = (fft.dctn(values, axes=(2, 3), norm="ortho") for values in (KERNELS, result.values))
    assert result.report.tool == "uniform"
    # The format's basis has 12 bits, so that coefficients come back to about a thousandth.
    reach = np.abs(original).max()
    assert distinct(np.rint(decoded / (reach / max(2 ** (bits - 1) - 1, 1)))) <= 2**bits
    assert np.abs(decoded).min() < 1e-3 * reach
    if bits > 1:
        assert np.abs(decoded - original).max() <= reach / (2 ** (bits - 1) - 1) / 2 + 1e-3 * reach


@pytest.mark.parametrize("weights", [DENSE, DENSE[:, :7], DENSE[:64]])
def test_dct_of_transposed_weights(weights: NDArray[np.float32]) -> None:
    result = coded(matmul(weights), Method.DCT, 8)
    assert result.report.tool == "uniform"
    assert np.linalg.norm(result.values - weights) < 0.03 * np.linalg.norm(weights)


def test_dct_clusters_biases() -> None:
    result = coded(bias(VECTOR), Method.DCT, 4)
    assert result.report.tool == "codebook"
    assert np.unique(result.values).size <= 16


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("entropy", Entropy)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_types_and_coders(method: Method, entropy: Entropy, dtype: type[Any]) -> None:
    weights = KERNELS.astype(dtype)
    result = coded(conv(weights), method, 6, entropy=str(entropy))
    assert result.values.dtype == dtype
    assert result.report.tool != "planes"
    assert np.linalg.norm(result.values - weights) < 0.1 * np.linalg.norm(weights)
    assert result.data[11] == {"zstd": 1, "bzip2": 2}.get(entropy, 0)  # profile


@pytest.mark.parametrize("method", METHODS)
def test_bfloat16(method: Method) -> None:
    patterns = (KERNELS.view(np.uint32) >> 16).astype(np.uint16)
    tensor = helper.make_tensor("w", TensorProto.BFLOAT16, KERNELS.shape, patterns.tobytes(), raw=True)
    model = model_of(helper.make_node("Conv", ["x", "w"], ["y"]), tensor)
    data, report = encode_bytes(model.SerializeToString(), method=method, bits=8)
    assert report.tensors[0].element == "bfloat16"
    assert report.tensors[0].tool != "planes"
    assert report.tensors[0].error < 0.05
    assert len(decode_bytes(data)[None]) == len(model.SerializeToString())


def corner(value: float) -> NDArray[np.float32]:
    weights = KERNELS.copy()
    weights[3, 2, 1, 0] = value
    return weights


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_exact(method: Method, value: float) -> None:
    weights = corner(value)
    result = coded(conv(weights), method, 6)
    np.testing.assert_array_equal(result.values.view(np.uint32), weights.view(np.uint32))
    assert result.report.note == "not finite"


UNSUITABLE = {
    "denormal": KERNELS * np.float32(1e-40),
    "tiny range": np.where(KERNELS > 0, np.float32(1e-38), np.float32(1.1e-38)),
    "whole range of float32": np.where(KERNELS > 0, np.float32(3.4e38), np.float32(-3.4e38)),
    "huge": KERNELS.astype(np.float64) * 1e150,
    "whole range of float64": np.where(KERNELS > 0, 1.7e308, -1.7e308),
    "minute": KERNELS.astype(np.float64) * 1e-300,
}


@pytest.mark.parametrize("method", [Method.QUANTIZATION, Method.DCT])
@pytest.mark.parametrize("weights", UNSUITABLE.values(), ids=UNSUITABLE)
def test_ranges_without_a_step_are_exact(method: Method, weights: NDArray[Any]) -> None:
    result = coded(conv(weights), method, 8)
    # Levels from one end of float32 to the other have a step; only their last one may overflow.
    if result.report.note:
        assert "binary32" in result.report.note
        np.testing.assert_array_equal(result.values, weights)
    else:
        assert result.report.error < 0.01


@pytest.mark.parametrize("weights", UNSUITABLE.values(), ids=UNSUITABLE)
def test_clustering_takes_any_range(weights: NDArray[Any]) -> None:
    result = coded(conv(weights), Method.CLUSTERING, 8)
    assert result.report.tool == "codebook"
    assert np.abs(result.values / 4 - weights / 4).max() <= 0.1 * np.abs(weights / 4).max()


@pytest.mark.parametrize("method", METHODS)
def test_float16_close_to_its_limit(method: Method) -> None:
    weights = (KERNELS / np.abs(KERNELS).max() * 65504).astype(np.float16)
    result = coded(conv(weights), method, 3)
    assert np.isfinite(result.values).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, -0.0, 0.1])
def test_constants_are_exact(method: Method, value: float) -> None:
    weights = np.full((4, 4, 3, 3), value, np.float32)
    result = coded(conv(weights), method, 2)
    np.testing.assert_array_equal(result.values.view(np.uint32), weights.view(np.uint32))


@pytest.mark.parametrize("method", METHODS)
def test_integers_are_exact(method: Method) -> None:
    indices = np.arange(64)[::-1].copy()
    model = model_of(helper.make_node("Gather", ["x", "w"], ["y"]), numpy_helper.from_array(indices, "w"))
    result = coded(model, method, 2)
    np.testing.assert_array_equal(result.values, indices)
    assert result.report.note == "not floating point"


def test_small_biases_that_a_codebook_would_enlarge_are_exact() -> None:
    result = coded(bias(VECTOR[:100]), Method.DCT, 8)
    np.testing.assert_array_equal(result.values, VECTOR[:100])
    assert "codebook" in result.report.note


@pytest.mark.parametrize("method", [Method.QUANTIZATION, Method.CLUSTERING])
@pytest.mark.parametrize("entropy", ["bzip2", "zstd"])
def test_nearly_constant_weights_stay_within_the_expansion_limit(method: Method, entropy: str) -> None:
    weights = np.zeros((1024, 2048), np.float32)
    weights[100, 100] = 1
    result = coded(matmul(weights), method, 4, entropy=entropy)
    np.testing.assert_array_equal(result.values, weights)


@pytest.mark.parametrize("method", METHODS)
def test_jobs_do_not_change_the_file(method: Method) -> None:
    assert coded(conv(KERNELS), method, 5, jobs=3).data == coded(conv(KERNELS), method, 5).data


@pytest.mark.parametrize("method", METHODS)
def test_work_can_be_sent_to_another_process(method: Method) -> None:
    view = View(ViewKind.MATRIX, 16, 8, 9)
    patterns = KERNELS.view(np.uint32).ravel()
    task = (laude_record, (ElementType.FLOAT32, view, patterns, method, 5, Coder.RANS))
    function, item = pickle.loads(pickle.dumps(task))  # noqa: S301 - just dumped
    record = pickle.loads(pickle.dumps(function(*item)))  # noqa: S301 - just dumped
    assert isinstance(record, Record)
    assert record.tool is (Tool.CODEBOOK if method is Method.CLUSTERING else Tool.UNIFORM)


floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
small = st.floats(-2, 2, width=16)


@given(
    hnp.arrays(np.float32, (4, 3, 2, 2), elements=floats | small), st.sampled_from(METHODS), st.integers(1, 8)
)
@settings(deadline=None)
def test_any_weights_decode_finite(weights: NDArray[np.float32], method: Method, bits: int) -> None:
    result = coded(conv(weights), method, bits)
    assert np.isfinite(result.values).all()
    if method is Method.QUANTIZATION:
        span = float(weights.max()) - float(weights.min())
        error = np.abs(result.values.astype(np.float64) - weights).max()
        largest = float(np.abs(weights).max())
        assert error <= span / (2**bits - 1) / 2 * 1.0001 + 1e-6 * largest

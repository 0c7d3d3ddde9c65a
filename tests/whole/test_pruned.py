"""Pruned networks: zeros stay zeros in every method, and cost no more than their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import zstandard
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.onnx.arrays import array_dtype
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tests.networks import classifier, model_of

ZEROS = 0.8
RNG = np.random.default_rng(0)


def pruned(*shape: int, zeros: float = ZEROS, scale: float = 1 / 16) -> NDArray[np.float32]:
    """Return normal weights times a random mask: zeros have either sign."""
    weights = RNG.normal(size=shape) * scale
    return (weights * (RNG.random(shape) >= zeros)).astype(np.float32)


LAYERS = {"w0": pruned(96, 160), "w1": pruned(160, 64)}


def dense_network(weights: dict[str, NDArray[Any]]) -> bytes:
    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w1"], ["y"]),
    ]
    model = model_of(nodes, weights, {"x": ["n", 96]}, {"y": ["n", 64]})
    return bytes(model.SerializeToString())


def weights_of(model: bytes) -> dict[str, NDArray[np.float32]]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(model).graph.initializer}


def samples() -> list[dict[str, NDArray[np.float32]]]:
    rng = np.random.default_rng(1)
    return [{"x": rng.normal(size=(1, 96)).astype(np.float32)} for _ in range(24)]


def entropy(symbols: NDArray[Any]) -> float:
    counts = np.unique(symbols, return_counts=True)[1]
    return -float(counts @ np.log2(counts / symbols.size))


CHOICES: list[dict[str, Any]] = [
    *({"quality": quality} for quality in (8, 20, 30, 45, 70)),
    {"quality": 25, "objective": "weights"},
    {"quality": 20, "calibration": samples()},
    {"quality": 60, "calibration": samples()},
    {"ratio": 25},
    *(
        {"method": method, "bits": bits}
        for method in ("dct", "quantization", "clustering")
        for bits in (1, 6)
    ),
    *({"method": "deep", "bits": bits} for bits in (1, 5)),
    {"method": "deep", "bits": 5, "prune": 0.3},
    {"method": "lossless"},
]


@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_zeros_stay_zeros(chosen: dict[str, Any]) -> None:
    data, _ = encode_bytes(dense_network(LAYERS), **chosen)
    decoded = weights_of(decode_bytes(data)[None])
    for name, weights in LAYERS.items():
        assert not decoded[name][weights == 0].any()
        assert decoded[name].any()


@pytest.mark.parametrize("method", ["auto", "dct"])
def test_zeros_of_kernels_stay_zeros(method: str) -> None:
    model = onnx.load_from_string(classifier().SerializeToString())
    masked = {}
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.ndim > 1:
            masked[tensor.name] = (array * (RNG.random(array.shape) >= 0.5)).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(masked[tensor.name], tensor.name))
    decoded = weights_of(decode_bytes(encode_bytes(model.SerializeToString(), method=method)[0])[None])
    assert masked
    for name, weights in masked.items():
        assert not decoded[name][weights == 0].any()


@pytest.mark.parametrize("dtype", ["FLOAT16", "BFLOAT16", "DOUBLE"])
def test_zeros_of_other_types_stay_zeros(dtype: str) -> None:
    kind = array_dtype(getattr(onnx.TensorProto, dtype))
    weights = {}
    for name, array in LAYERS.items():
        data_type = getattr(onnx.TensorProto, dtype)
        weights[name] = helper.make_tensor(name, data_type, array.shape, array.ravel().tolist())
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in weights]
    model = helper.make_model(helper.make_graph(nodes, "g", [], [], list(weights.values())), ir_version=10)
    decoded = weights_of(decode_bytes(encode_bytes(model.SerializeToString(), quality=20)[0])[None])
    assert kind is not None
    for name, array in LAYERS.items():
        assert not np.asarray(decoded[name], np.float64)[array == 0].any()


@pytest.mark.parametrize("zeros", [0.3, 0.8, 0.9])
@pytest.mark.parametrize("quality", [20, 30, 50])
def test_lossy_zeros_cost_their_places_and_no_more(zeros: float, quality: int) -> None:
    """As much as the places, and the other weights alone at the same quality."""
    sparse = {"w0": pruned(96, 1000, zeros=zeros), "w1": pruned(1000, 96, zeros=zeros)}
    kept = [weights[weights != 0] for weights in sparse.values()]
    columns = [values.size // 96 for values in kept]
    dense = {
        "w0": kept[0][: columns[0] * 96].reshape(96, -1),
        "w1": np.ascontiguousarray(kept[1][: columns[1] * 96].reshape(96, -1).T),
    }
    places = sum(entropy(weights == 0) for weights in sparse.values()) / 8
    found, others = (encode_bytes(dense_network(w), quality=quality)[1] for w in (sparse, dense))
    assert found.size < 1.02 * (places + others.size) + 200
    assert found.error < 1.1 * others.error


def test_lossless_zeros_cost_their_places_and_no_more() -> None:
    model = dense_network({"w0": pruned(96, 400), "w1": pruned(400, 96)})
    bits = 0.0
    for weights in weights_of(model).values():
        zero = weights == 0
        exponents = weights[~zero].view(np.uint32) >> 23 & 255
        bits += entropy(zero) + entropy(np.signbit(weights[zero])) + entropy(exponents) + 24 * exponents.size
    data, _ = encode_bytes(model, method="lossless")
    assert decode_bytes(data)[None] == model
    assert len(data) < 1.01 * bits / 8 + 700


def patterns() -> dict[str, NDArray[np.float32]]:
    """Return weights whose zeros stand in the places that methods of pruning leave."""
    w = RNG.normal(size=(96, 96)) / 10
    size = np.abs(w)
    of_four = np.argsort(np.argsort(size.reshape(-1, 4), axis=1), axis=1).reshape(w.shape)
    masks = {
        "least": size > np.quantile(size, 0.8),
        "least of rows": size > np.quantile(size, 0.6, axis=1, keepdims=True),
        "two of four": of_four >= 2,
        "rows": np.broadcast_to(RNG.random((96, 1)) > 0.5, w.shape),
        "columns": np.broadcast_to(RNG.random((1, 96)) > 0.5, w.shape),
        "blocks": np.kron(RNG.random((12, 12)) > 0.7, np.ones((8, 8), np.bool_)),
    }
    return {name: (w * mask).astype(np.float32) for name, mask in masks.items()}


@pytest.mark.parametrize("element", [np.float32, np.float16])
@pytest.mark.parametrize("pattern", patterns())
def test_zeros_in_any_pattern(pattern: str, element: type[Any]) -> None:
    weights = patterns()[pattern].astype(element)
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weights}).SerializeToString()
    zstd = zstandard.ZstdCompressor(level=19).compress(model)
    data, _ = encode_bytes(model, method="lossless")
    assert decode_bytes(data) == {None: model}
    assert len(data) <= len(zstd) + 98  # header, directory and hash
    for options in ({"quality": 20}, {"method": "dct"}, {"method": "deep", "bits": 4}):
        decoded = weights_of(decode_bytes(encode_bytes(model, **options)[0])[None])["w"]
        assert not decoded[weights == 0].any()

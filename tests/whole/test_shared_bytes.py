"""Tensors of different types with the same bytes: integers stay, of floats the strictest use counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.onnx.elements import is_floating
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.constant_models import case, generator, node, weights

WEIGHTS = weights(64, 64)
METHODS: list[dict[str, Any]] = [
    {"quality": 20},
    {"method": "dct"},
    {"method": "clustering"},
    {"method": "deep", "bits": 4, "biases": True},
]


def decoded(model: onnx.ModelProto, options: dict[str, Any]) -> dict[str, NDArray[Any]]:
    data, _ = nntc.encode_bytes(model.SerializeToString(), **options)
    graph = onnx.load_model_from_string(nntc.decode_bytes(data)[None]).graph
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


@pytest.mark.parametrize("options", METHODS, ids=str)
@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.int64, np.uint8])
def test_integers_with_the_bytes_of_weights(kind: type[Any], options: dict[str, Any]) -> None:
    integers = WEIGHTS.view(kind)
    nodes = [node("MatMul", ["x", "w"], ["y"]), node("Identity", ["i"], ["z"])]
    model, _ = case(nodes, generator().normal(size=(4, 64)).astype(np.float32), w=WEIGHTS, i=integers)
    found = decoded(model, options)
    assert np.array_equal(found["i"], integers)
    assert not np.array_equal(found["w"], WEIGHTS)


@pytest.mark.parametrize("options", METHODS, ids=str)
def test_half_precision_weights_and_integers(options: dict[str, Any]) -> None:
    w = WEIGHTS.astype(np.float16)
    nodes = [node("MatMul", ["x", "w"], ["y"]), node("Identity", ["i"], ["z"])]
    model, _ = case(nodes, generator().normal(size=(4, 64)).astype(np.float16), w=w, i=w.view(np.int16))
    assert np.array_equal(decoded(model, options)["i"], w.view(np.int16))


@pytest.mark.parametrize("options", METHODS, ids=str)
def test_a_bias_with_the_bytes_of_a_scale_is_as_precise(options: dict[str, Any]) -> None:
    scale = np.exp(generator().normal(-4, 2, 64)).astype(np.float32)
    quantized = generator().integers(-9, 9, (64, 64)).astype(np.int8)
    nodes = [
        node("DequantizeLinear", ["q", "scale"], ["d"], axis=0),
        node("MatMul", ["x", "d"], ["h"]),
        node("Add", ["h", "bias"], ["y"]),
    ]
    x = generator().normal(size=(4, 64)).astype(np.float32)
    found = decoded(case(nodes, x, q=quantized, scale=scale, bias=scale.copy())[0], options)
    for name in ("scale", "bias"):
        assert np.abs(found[name] / scale - 1).max() < 0.3


@pytest.mark.parametrize("options", METHODS, ids=str)
@pytest.mark.parametrize(
    ("kind", "offset", "length"),
    [
        (TensorProto.INT32, 0, 4096),
        (TensorProto.INT64, 0, 2048),
        (TensorProto.UINT8, 0, 1 << 14),
        (TensorProto.FLOAT16, 0, 8192),
        (TensorProto.INT32, 4096, 512),  # in the middle
    ],
)
@pytest.mark.parametrize("is_first", [False, True])
def test_one_region_of_external_data(
    kind: int, offset: int, length: int, is_first: bool, options: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    regions = {"w": (TensorProto.FLOAT, [64, 64], 0), "other": (kind, [length], offset)}
    tensors = []
    for name in sorted(regions, reverse=is_first):
        data_type, dims, start = regions[name]
        tensor = TensorProto(name=name, data_type=data_type, dims=dims, data_location=TensorProto.EXTERNAL)
        width = helper.tensor_dtype_to_np_dtype(data_type).itemsize
        entries = {"location": "w.bin", "offset": start, "length": int(np.prod(dims)) * width}
        for key, entry in entries.items():
            tensor.external_data.add(key=key, value=str(entry))
        tensors.append(tensor)
    nodes = [node("MatMul", ["x", "w"], ["y"]), node("Identity", ["other"], ["z"])]
    model = onnx.ModelProto(ir_version=10, graph=helper.make_graph(nodes, "g", [], [], tensors))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    nntc.encode(tmp_path / "m.onnx", tmp_path / "m.nntc", **options)
    (tmp_path / "out").mkdir()
    nntc.decode(tmp_path / "m.nntc", tmp_path / "out" / "m.onnx")
    after = (tmp_path / "out" / "w.bin").read_bytes()
    width = helper.tensor_dtype_to_np_dtype(kind).itemsize
    part = slice(offset, offset + length * width)
    assert is_floating(kind) or after[part] == WEIGHTS.tobytes()[part]

"""Lossless files are never larger than zstd's, but for a header and a hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
import zstandard
from nntc.encoder.encode import encode_bytes
from numpy.typing import NDArray
from onnx import TensorProto, external_data_helper, helper, numpy_helper

HEADER = 98
"""Bytes of header, directory, hash and block of a file without TENSOR sections."""


def model_of(*tensors: TensorProto) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph([], "g", [], [], tensors), ir_version=10)


def zstd19(data: bytes) -> int:
    return len(zstandard.ZstdCompressor(level=19).compress(data))


def near_copies(rng: np.random.Generator) -> onnx.ModelProto:
    base = rng.normal(size=(40, 64)).astype(np.float32)
    copies = [np.where(rng.random(base.shape) < 0.02, 0.5, base).astype(np.float32) for _ in range(12)]
    return model_of(*(numpy_helper.from_array(copy, f"copy{i}") for i, copy in enumerate(copies)))


def rows_of_another(rng: np.random.Generator) -> onnx.ModelProto:
    table = rng.normal(size=(128, 64)).astype(np.float32)
    parts = {"whole": table, "most": table[:100], "turned": np.ascontiguousarray(table[::-1])}
    return model_of(*(numpy_helper.from_array(part, name) for name, part in parts.items()))


def strings(rng: np.random.Generator) -> onnx.ModelProto:
    words = sorted(bytes(rng.integers(97, 123, rng.integers(2, 12)).astype(np.uint8)) for _ in range(2000))
    return model_of(
        TensorProto(name="words", data_type=TensorProto.STRING, dims=[len(words)], string_data=words)
    )


def trees_as_attributes(rng: np.random.Generator) -> onnx.ModelProto:
    """TreeEnsembleClassifier of ai.onnx.ml 3: long lists of floats and integers in the graph."""
    count = 3000
    ids = [int(i) for i in range(count)]
    node = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "score"], domain="ai.onnx.ml",
        nodes_featureids=rng.integers(0, 12, count).tolist(), nodes_nodeids=ids,
        nodes_treeids=[i // 60 for i in ids], nodes_modes=["BRANCH_LEQ"] * count,
        nodes_values=rng.choice(rng.normal(size=200), count).tolist(),
        nodes_truenodeids=[(2 * i + 1) % 60 for i in ids], nodes_falsenodeids=[(2 * i + 2) % 60 for i in ids],
    )  # fmt: skip
    return helper.make_model(helper.make_graph([node], "g", [], []))


def trees_as_tensors(rng: np.random.Generator) -> onnx.ModelProto:
    """TreeEnsemble of ai.onnx.ml 5: thresholds, which are values of features, and leaves."""
    features = rng.uniform(0, 1000, (400, 10))
    tensors = {
        "splits": np.array([rng.choice(features[:, i % 10]) for i in range(3780)]),
        "leaves": rng.normal(size=3840) / 60,
        "modes": np.zeros(3780, np.uint8),
    }
    return model_of(*(numpy_helper.from_array(array, name) for name, array in tensors.items()))


def integers(rng: np.random.Generator) -> onnx.ModelProto:
    tensors: dict[str, NDArray[Any]] = {
        "int8": np.clip(rng.laplace(0, 12, (128, 128)).round(), -127, 127).astype(np.int8),
        "offsets": np.cumsum(rng.integers(0, 9, 5000)),
        "rare": np.where(rng.random(5000) < 0.9, 0, rng.integers(0, 2**40, 5000)),
        "mask": rng.random((100, 100)) < 0.3,
        "equal": np.zeros(5000, np.int32),
    }
    return model_of(*(numpy_helper.from_array(array, name) for name, array in tensors.items()))


def tiny(_rng: np.random.Generator) -> onnx.ModelProto:
    return model_of(numpy_helper.from_array(np.arange(3, dtype=np.float32), "few"))


@pytest.mark.parametrize(
    "make", [near_copies, rows_of_another, strings, trees_as_attributes, trees_as_tensors, integers, tiny]
)
def test_no_file_is_larger_than_zstds(make: Callable[[np.random.Generator], onnx.ModelProto]) -> None:
    model = make(np.random.default_rng(0)).SerializeToString()
    data, report = encode_bytes(model, method="lossless")
    assert report.size == len(data) <= zstd19(model) + HEADER
    assert report.error == 0


def test_all_files_of_a_model_are_one_frame_where_that_is_smaller(tmp_path: Path) -> None:
    model = near_copies(np.random.default_rng(0))
    external_data_helper.convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    nntc.encode(path, tmp_path / "model.nntc", method="lossless")
    files = [path.read_bytes(), (tmp_path / "weights.bin").read_bytes()]
    assert (tmp_path / "model.nntc").stat().st_size <= sum(map(zstd19, files)) + HEADER + 40
    (tmp_path / "out").mkdir()
    nntc.decode(tmp_path / "model.nntc", tmp_path / "out" / "model.onnx")
    assert [(tmp_path / "out" / name).read_bytes() for name in ("model.onnx", "weights.bin")] == files
    with nntc.open(tmp_path / "model.nntc") as container:
        copy = container.tensors["copy3"]
        wanted = numpy_helper.to_array(onnx.load(path).graph.initializer[3])
        np.testing.assert_array_equal(copy.array(), wanted)


def test_weights_have_sections_of_their_own() -> None:
    weights = np.random.default_rng(0).normal(size=(200, 100)).astype(np.float32)
    model = model_of(numpy_helper.from_array(weights, "w"))
    data, report = encode_bytes(model.SerializeToString(), method="lossless")
    assert [tensor.tool for tensor in report.tensors] == ["planes"]
    assert nntc.open(data).tensors["w"].tool == "planes"

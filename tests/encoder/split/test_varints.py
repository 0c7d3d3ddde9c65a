"""Floats that are held as varints are coded exactly, and that is said."""

from __future__ import annotations

from pathlib import Path

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.split.varints import varint_remarks
from nntc.onnx.model import find_tensors
from nntc.reader.info import describe
from onnx import TensorProto, numpy_helper

from tests.odd_models import made, node

HALVES = (np.random.default_rng(0).standard_normal((64, 64)) / 8).astype(np.float16)


def model(kind: int = TensorProto.FLOAT16, size: int = 64) -> onnx.ModelProto:
    """Return a model with a second matrix of `size` columns in int32_data."""
    typed = TensorProto(name="v", data_type=kind, dims=[64, size])
    typed.int32_data.extend(HALVES[:, :size].copy().view(np.uint16).ravel().tolist())
    cast = node("Cast", ["v"], ["f"], to=1)
    nodes = [node("MatMul", ["x", "w"], ["h"]), cast, node("MatMul", ["h", "f"], ["y"])]
    return made(nodes, constants=[typed])


def remarks(own: onnx.ModelProto) -> tuple[str, ...]:
    data = own.SerializeToString()
    return varint_remarks(find_tensors(lambda offset, length: data[offset : offset + length], len(data)))


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_floats_in_varints_are_remarked_upon(kind: int) -> None:
    (remark,) = remarks(model(kind))
    data = model(kind).graph.initializer[1]
    length = data.ByteSize()
    assert "1 tensor of floats" in remark
    assert "raw_data" in remark
    assert length - 32 < int(remark.split(", ")[1].split(" ")[0].replace(",", "")) < length


def test_what_is_no_float_or_small_or_raw_is_not() -> None:
    assert remarks(model(TensorProto.UINT16)) == ()
    small = TensorProto(name="v", data_type=10, dims=[3], int32_data=[1, 2, 3])
    assert remarks(made([], constants=[small])) == ()
    assert remarks(made([], constants=[numpy_helper.from_array(HALVES, "v")])) == ()


def test_the_error_of_a_model_counts_floats_in_varints_everywhere(tmp_path: Path) -> None:
    onnx.save(model(), tmp_path / "m.onnx")
    report = nntc.encode(tmp_path / "m.onnx", tmp_path / "m.nntc", quality=20)
    found = nntc.verify(tmp_path / "m.nntc", tmp_path / "m.onnx")
    (varints,) = (tensor for tensor in found.tensors if tensor.name == "v")
    assert (varints.size, varints.data_type, varints.error) == (HALVES.size, "float16", 0.0)
    assert found.error == pytest.approx(report.error, rel=1e-3)
    with nntc.open(tmp_path / "m.nntc") as container:
        assert describe(container).totals.error == pytest.approx(report.error, rel=1e-3)


def test_varints_come_back_exactly_and_info_says_where_they_are() -> None:
    original = model()
    data, report = nntc.encode_bytes(original.SerializeToString())
    assert any("int32_data" in remark for remark in report.remarks)
    decoded = onnx.load_model_from_string(nntc.decode_bytes(data)[None])
    assert decoded.graph.initializer[1] == original.graph.initializer[1]
    with nntc.open(data) as container:
        assert np.array_equal(container.tensors["v"].array(), HALVES)
        totals = describe(container).totals
    assert totals.float_varints > 2 * HALVES.size
    plain, _ = nntc.encode_bytes(made([]).SerializeToString())
    with nntc.open(plain) as container:
        assert describe(container).totals.float_varints == 0

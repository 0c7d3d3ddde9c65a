"""Encoding from and to memory."""

from __future__ import annotations

from pathlib import Path

import nntc
import onnx
import pytest

from tests.onnx.test_serialized import model

pytestmark = pytest.mark.usefixtures("kernels")


def test_a_model_proto_is_encoded_as_its_bytes_are() -> None:
    made = model()
    data, report = nntc.encode_bytes(made, method="lossless")
    assert nntc.encode_bytes(made.SerializeToString(deterministic=True), method="lossless")[0] == data
    assert onnx.load_model_from_string(nntc.decode_bytes(data)[None]) == made
    assert report.size == len(data)


def test_encode_writes_a_model_proto(tmp_path: Path) -> None:
    nntc.encode(model(), tmp_path / "m.nntc", method="lossless", report=tmp_path / "m.html")
    nntc.decode(tmp_path / "m.nntc", tmp_path / "m.onnx")
    assert onnx.load(tmp_path / "m.onnx") == model()

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from nntc.errors import ModelError
from nntc.onnx import serialized
from nntc.onnx.serialized import path_or_bytes
from onnx import helper, numpy_helper


def model() -> onnx.ModelProto:
    values = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    made = helper.make_model(helper.make_graph([], "g", [], [], [numpy_helper.from_array(values, "w")]))
    helper.set_model_props(made, {"b": "2", "a": "1"})
    return made


def test_paths_and_bytes_stay_what_they_are() -> None:
    for source in ("model.onnx", Path("model.onnx"), b"bytes"):
        assert path_or_bytes(source) is source
    assert path_or_bytes(bytearray(b"bytes")) == path_or_bytes(memoryview(b"bytes")) == b"bytes"


def test_a_model_proto_becomes_the_same_bytes_each_time() -> None:
    data = path_or_bytes(model())
    assert isinstance(data, bytes)
    assert onnx.load_model_from_string(data) == model()
    assert path_or_bytes(onnx.load_model_from_string(data)) == data


def test_a_model_proto_that_protobuf_cannot_serialize(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialized, "_MOST", 1000)
    with pytest.raises(ModelError, match=r"E_PROTOBUF: .*external data"):
        path_or_bytes(model())


@pytest.mark.parametrize("wrong", [None, 5, ["model.onnx"], onnx.GraphProto()])
def test_what_is_no_model(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a path, bytes or an onnx\.ModelProto, got"):
        path_or_bytes(wrong)

"""Refusals: models that onnxruntime's tools make no integers of get one clear error, and nothing is left."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from nntc.encoder.encode import encode_bytes
from nntc.encoder.integers import making
from nntc.errors import ModelError, OutputError
from onnx import TensorProto, helper

from tests import integer_models, networks

from .float_models import pictures, products


def refused(model: Any, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        encode_bytes(model, **options)
    assert caught.value.id == "E_INTEGERS"
    assert "\n" not in str(caught.value)
    return caught.value.message


def test_a_model_that_has_integers() -> None:
    assert refused(integer_models.qdq(), integers="int8") == "the model has integers already: QuantizeLinear"


def test_a_model_without_weights() -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 4)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    for integers in ("int8", "int4"):
        assert "find no weights" in refused(model, integers=integers)


def test_convolutions_have_no_int4() -> None:
    assert "find no weights" in refused(networks.decisive(), integers="int4")


def test_a_model_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "LARGEST", 1000)
    assert "take models of at most 1,000 bytes, not " in refused(products(), integers="int8")


def test_a_model_that_the_tools_fail_at() -> None:
    model = products()
    model.graph.node[0].op_type = "NoSuchOperator"
    assert refused(model, integers="int8").startswith("onnxruntime's tools cannot make dynamic integers")


def test_tools_that_end_their_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert refused(products(), integers="int8").endswith("of the model: exit code 1")


def test_int4_needs_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "find_spec", lambda _name: None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[integers\]'"):
        encode_bytes(products(), integers="int4")


def test_temporary_files_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(OutputError) as caught:
        encode_bytes(products(), integers="int8")
    assert caught.value.id == "E_OUTPUT"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"integers": "int2"}, "integers must be one of int8, int4"),
        ({"integers": "int8", "method": "dct"}, "integers is for the methods auto and lossless"),
        ({"integers": "int8", "base": b"old"}, "base is not for models that are made into integers"),
        ({"integers": "int8", "exact": "dense"}, "exact is not for models that are made into integers"),
        ({"method": "lossless", "calibration": pictures(1)}, "calibration is for the method auto"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode_bytes(networks.decisive(), **options)


def test_inputs_of_any_name(tmp_path: Path) -> None:
    model = products()
    for node in model.graph.node:
        node.input[:] = ["file" if name == "x" else name for name in node.input]
    model.graph.input[0].name = "file"
    samples = [{"file": np.ones((1, 64), np.float32) * step} for step in range(20)]
    onnx.save(model, tmp_path / "model.onnx")
    assert encode_bytes(tmp_path / "model.onnx", integers="int8", calibration=samples)[1].integers is not None

"""Inputs that are no model are named for what they are, with what to do."""

from __future__ import annotations

import nntc
import pytest
from nntc.encoder.split import open_model, recognition
from nntc.errors import ModelError
from onnx import helper

from tests.sources.wrong_inputs import WRONG, onnx_model


def refusal(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        open_model(data)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", WRONG)
def test_files_of_other_kinds_are_named(name: str) -> None:
    data, word = WRONG[name]
    error = refusal(data)
    assert (error.id, error.offset) == ("E_NOT_ONNX", 0)
    assert word in error.message


def test_an_encoded_model_is_not_encoded_again() -> None:
    data, _ = nntc.encode_bytes(onnx_model(), method="lossless")
    error = refusal(data)
    assert error.id == "E_NOT_ONNX"
    assert "nntc decode" in error.message


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.99])
def test_half_a_download_is_called_one(share: float) -> None:
    data = onnx_model()
    error = refusal(data[: int(share * len(data))])
    assert error.id == "E_PROTOBUF"
    assert "downloaded" in error.message


def test_damage_elsewhere_is_not_called_half_a_download() -> None:
    error = refusal(onnx_model() + b"\x07")
    assert error.id == "E_PROTOBUF"
    assert "downloaded" not in error.message


def test_a_tensor_is_no_model() -> None:
    tensor = helper.make_tensor("x", 1, [3], [1.0, 2.0, 3.0]).SerializeToString()
    error = refusal(tensor)
    assert (error.id, "tensor" in error.message) == ("E_NOT_ONNX", True)


def test_a_library_of_functions_is_a_model() -> None:
    model = helper.make_model(helper.make_graph([], "g", [], []))
    model.functions.append(helper.make_function("own", "F", ["x"], ["y"], [], []))
    model.ClearField("graph")
    with open_model(model.SerializeToString()) as source:
        assert source.payloads == []


def test_very_many_tensors_are_refused_before_they_take_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = b"\x2a\x00" * 50
    model = b"\x08\x08\x3a" + bytes([len(graph)]) + graph
    monkeypatch.setattr(recognition, "MAX_TENSORS", 50)
    assert len(recognition.read_tensors(memoryview(model))) == 50
    monkeypatch.setattr(recognition, "MAX_TENSORS", 49)
    with pytest.raises(ModelError, match="more than 49 tensors") as caught:
        recognition.read_tensors(memoryview(model))
    assert caught.value.id == "E_LIMIT"

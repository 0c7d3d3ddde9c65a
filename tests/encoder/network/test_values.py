"""Constants of a model as arrays: in external data without a copy, strings in any encoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.encoder.network.network import Network
from nntc.encoder.network.values import ExternalData
from onnx import TensorProto, helper, numpy_helper

from tests.odd_models import FRONT, SAMPLES, W, made, node


def external(name: str, dims: list[int], kind: int, location: str, **entries: int) -> onnx.TensorProto:
    tensor = TensorProto(name=name, dims=dims, data_type=kind, data_location=TensorProto.EXTERNAL)
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(text))
    return tensor


def test_external_tensors_are_read_where_they_stand() -> None:
    values = np.arange(20, dtype=np.float32)
    data = ExternalData({"a/w": b"x" * 8 + values.tobytes() + b"rest"})
    found = data.array(external("t", [4, 5], 1, "./a/w", offset=8, length=80))
    assert np.array_equal(found, values.reshape(4, 5))
    assert np.array_equal(data.array(external("t", [20], 1, "a/w", offset=8)), values)
    whole = memoryview(values.tobytes())
    assert np.shares_memory(ExternalData({"w": whole}).array(external("t", [20], 1, "w")), np.asarray(whole))


def test_external_tensors_that_are_not_aligned_become_so() -> None:
    values = np.arange(20, dtype=np.float64)
    found = ExternalData({"w": b"x" + values.tobytes()}).array(external("t", [20], 11, "w", offset=1))
    assert found.flags.aligned
    assert np.array_equal(found, values)


def test_external_elements_of_less_than_a_byte() -> None:
    tensor = helper.make_tensor("t", TensorProto.INT4, [5], [1, -2, 3, -8, 7])
    plain = numpy_helper.to_array(tensor)
    found = ExternalData({"w": tensor.raw_data or bytes(tensor.int32_data)}).array(
        external("t", [5], TensorProto.INT4, "w")
    )
    assert np.array_equal(found.astype(int), plain.astype(int))


def test_missing_external_data_is_said() -> None:
    with pytest.raises(ValueError, match="missing"):
        ExternalData({}).array(external("t", [5], 1, "w"))


def test_strings_are_the_bytes_that_the_model_has() -> None:
    tensor = TensorProto(name="s", data_type=8, dims=[2, 1], string_data=[b"\xff\xfe", b"a"])
    assert ExternalData({}).array(tensor).tolist() == [[b"\xff\xfe"], [b"a"]]


def test_external_data_in_bodies_and_functions_is_loaded() -> None:
    inner = [node("MatMul", ["x", "v"], ["z"])]
    v = external("v", [64, 64], 1, "w")
    names = ("then_branch", "else_branch")
    z = helper.make_tensor_value_info("z", 1, None)
    bodies = {name: helper.make_graph(inner, name, [], [z], [v]) for name in names}
    condition = numpy_helper.from_array(np.array(True), "c")
    model = made([node("If", ["c"], ["y"], **bodies)], constants=[condition])
    function = [node("Constant", [], ["u"], value=v), node("MatMul", ["a", "u"], ["b"])]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    called = made([node("F", ["x"], ["y"], domain="own")])
    called.functions.append(helper.make_function("own", "F", ["a"], ["b"], function, opsets))
    called.opset_import.append(opsets[1])
    for own in (model, called):
        found = Network(own, {"w": W.tobytes()}).session().run(SAMPLES[0])[0]
        assert np.allclose(found, SAMPLES[0]["x"] @ W, rtol=1e-4)


def test_files_that_are_links_are_run(tmp_path: Path) -> None:
    """Links within the model's folder are followed; those that lead out of it are not."""
    model = made(FRONT)
    model.graph.initializer[0].CopyFrom(external("w", [64, 64], 1, "w.bin"))
    (tmp_path / "model" / "blobs").mkdir(parents=True)
    for name, data in (("model.onnx", model.SerializeToString()), ("w.bin", W.tobytes())):
        (tmp_path / "model" / "blobs" / name[::-1]).write_bytes(data)
        (tmp_path / "model" / name).symlink_to(tmp_path / "model" / "blobs" / name[::-1])
    plain = Network(made(FRONT)).session().run(SAMPLES[0])[0]
    assert np.array_equal(Network(tmp_path / "model" / "model.onnx").session().run(SAMPLES[0])[0], plain)

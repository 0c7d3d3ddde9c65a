"""Shells of models: what stays, and initializers whose data is elsewhere."""

from __future__ import annotations

import numpy as np
import onnx
from nntc.encoder.network.shell import ort_value, shell_of, without_data

from tests.networks import classifier


def test_a_shell_has_neither_nodes_nor_constants_but_what_they_are_read_by() -> None:
    model = classifier()
    model.ir_version = 3
    model.metadata_props.add(key="author", value="nobody")
    model.graph.input.append(onnx.ValueInfoProto(name="conv"))
    shell = shell_of(model, {"image"})
    assert not shell.graph.node
    assert not shell.graph.initializer
    assert [value.name for value in shell.graph.input] == ["image"]
    assert shell.graph.output == model.graph.output
    assert shell.opset_import == model.opset_import
    assert shell.ir_version == 4  # from there on, a constant need not be an input
    assert not shell.metadata_props


def test_initializers_without_data_say_how_long_it_is() -> None:
    array = np.zeros((3, 5), np.float16)
    tensor = without_data("w", array)
    assert (tensor.name, list(tensor.dims), tensor.data_type) == ("w", [3, 5], onnx.TensorProto.FLOAT16)
    assert {entry.key: entry.value for entry in tensor.external_data}["length"] == "30"
    assert not tensor.raw_data


def test_values_that_are_not_contiguous_are_taken_as_they_read() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T
    assert np.array_equal(ort_value(array).numpy(), array)

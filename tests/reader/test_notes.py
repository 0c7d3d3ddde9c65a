"""Errors that the encoder noted."""

from __future__ import annotations

import nntc
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.reader.containers import opened, random_values


def test_errors_are_as_noted(lossy: tuple[onnx.ModelProto, bytes]) -> None:
    model, data = lossy
    container = nntc.open(data)
    assert container.notes is not None
    for tensor in model.graph.initializer:
        lazy = container.tensors[tensor.name]
        original = numpy_helper.to_array(tensor).astype(np.float64)
        error = float(np.linalg.norm(lazy.array() - original) / np.linalg.norm(original))
        assert lazy.error == pytest.approx(error, rel=0.03)  # a note counts half decibels


def test_a_file_without_notes_knows_errors_of_exact_tools_only() -> None:
    container = opened(
        numpy_helper.from_array(random_values(4096), "planes"),
        numpy_helper.from_array(np.sign(random_values(4000)), "codebook"),
        numpy_helper.from_array(np.ones(1, np.float32), "graph"),
    )
    assert container.notes is None
    assert {name: (tensor.tool, tensor.error) for name, tensor in container.tensors.items()} == {
        "planes": ("planes", 0.0),
        "codebook": ("codebook", None),
        "graph": ("graph", 0.0),
    }

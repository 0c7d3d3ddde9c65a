"""A lossy file that several tests look at."""

from __future__ import annotations

import onnx
import pytest
from onnx import helper, numpy_helper

from tests.reader.containers import coded, model_of, random_values


@pytest.fixture(scope="module")
def lossy() -> tuple[onnx.ModelProto, bytes]:
    """Return a network with many small tensors, and its file."""
    nodes, tensors = [], []
    for k in range(6):
        kernel, bias = random_values(16, 16, 3, 3, seed=k), random_values(16, seed=100 + k)
        tensors += [numpy_helper.from_array(kernel, f"w{k}"), numpy_helper.from_array(bias, f"b{k}")]
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}", f"b{k}"], [f"x{k + 1}"]))
    model = model_of(*tensors, nodes=tuple(nodes))
    return model, coded(model, "auto", quality=20)

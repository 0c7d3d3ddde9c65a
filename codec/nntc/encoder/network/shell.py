"""Shell of a model: the model without nodes and constants, whose values the session is given in memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx
from onnx import helper

from nntc.encoder.network.session import Array, onnxruntime_module

_KEPT_SINGLE = {"ir_version", "domain", "model_version"}  # fields of a model beside its graph


_KEPT_REPEATED = {"opset_import", "functions"}


def shell_of(model: onnx.ModelProto, inputs: Collection[str]) -> onnx.ModelProto:
    """Return a model without its nodes and constants, and without the inputs that are constants."""
    shell = onnx.ModelProto()
    for field, value in model.ListFields():
        if field.name in _KEPT_SINGLE:
            setattr(shell, field.name, value)
        elif field.name in _KEPT_REPEATED:
            getattr(shell, field.name).extend(value)
    # From version 4 on, a constant need not be an input of the graph.
    shell.ir_version = max(model.ir_version, 4)
    shell.graph.name = model.graph.name
    shell.graph.input.extend(value for value in model.graph.input if value.name in inputs)
    shell.graph.output.extend(model.graph.output)
    shell.graph.sparse_initializer.extend(model.graph.sparse_initializer)
    return shell


def ort_value(array: Array) -> Any:
    """Return an array as a value of onnxruntime, which keeps it alive."""
    return onnxruntime_module().OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def without_data(name: str, array: Array) -> onnx.TensorProto:
    """Return an initializer whose data the session is given in memory."""
    tensor = onnx.TensorProto(
        name=name,
        dims=array.shape,
        data_type=helper.np_dtype_to_tensor_dtype(array.dtype),
        data_location=onnx.TensorProto.EXTERNAL,
    )
    for key, value in (("location", "memory"), ("offset", "0"), ("length", str(array.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor

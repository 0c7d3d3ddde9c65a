"""Values of a model's constants, those in external data among them, as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nntc.encoder.split.content import Content
from nntc.format.names import without_dots
from nntc.onnx.tensor import ELEMENT_BITS, payload_length

Array = NDArray[Any]


class ExternalData:
    """External data of a model; tensors are read where they stand, without a copy where they can be.

    Parameters
    ----------
    files
        Content of each file by its name: the location in the model, without `./` in front.
    """

    def __init__(self, files: Mapping[str, Content | bytes]) -> None:
        self._files = {n: memoryview(data) if isinstance(data, bytes) else data for n, data in files.items()}

    def bytes_of(self, tensor: onnx.TensorProto) -> memoryview:
        """Return the bytes of a tensor with external data.

        Raises
        ------
        ValueError
            Its file is not there.
        """
        entries = {entry.key: entry.value for entry in tensor.external_data}
        data = self._files.get(without_dots(entries.get("location", "")))
        if data is None:
            raise ValueError(f"external data of {tensor.name!r} is missing")
        offset, length = int(entries.get("offset") or 0), int(entries.get("length") or 0)
        return data[offset : offset + (length or _size(tensor))]

    def array(self, tensor: onnx.TensorProto) -> Array:
        """Return a constant's value; strings as objects, each the bytes that the model has, in any encoding.

        Raises
        ------
        ValueError, TypeError
            Data, shape and type do not go together.
        """
        if tensor.data_type == TensorProto.STRING:
            strings = np.empty(len(tensor.string_data), object)
            strings[:] = tensor.string_data
            return strings.reshape(tuple(tensor.dims))
        if tensor.data_location != TensorProto.EXTERNAL:
            return numpy_helper.to_array(tensor)
        if ELEMENT_BITS[tensor.data_type] < 8:
            return numpy_helper.to_array(self.loaded(tensor))
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).newbyteorder("<")
        found = np.frombuffer(self.bytes_of(tensor), dtype).reshape(tuple(tensor.dims))
        return np.require(found, requirements=["C_CONTIGUOUS", "ALIGNED"])

    def loaded(self, tensor: onnx.TensorProto) -> onnx.TensorProto:
        """Return a copy of a tensor that holds its data itself."""
        copy = onnx.TensorProto()
        copy.CopyFrom(tensor)
        self._load(copy)
        return copy

    def load_into(self, message: onnx.NodeProto | onnx.FunctionProto) -> None:
        """Put external data of all tensors in a node or function, bodies included, into the message."""
        nodes = [message] if isinstance(message, onnx.NodeProto) else message.node
        for tensor in _tensors(nodes):
            if tensor.data_location == TensorProto.EXTERNAL:
                self._load(tensor)

    def _load(self, tensor: onnx.TensorProto) -> None:
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.raw_data = bytes(self.bytes_of(tensor))
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")


def _size(tensor: onnx.TensorProto) -> int:
    """Return the bytes of a tensor's elements."""
    return payload_length(tensor.data_type, tuple(tensor.dims)) or 0


def _tensors(nodes: Any) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from graph.initializer
                yield from _tensors(graph.node)

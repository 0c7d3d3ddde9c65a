"""Tensor data that stays in the graph bytes: varints, strings, unpacked floats.

SPEC.md, clause 17; field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

import numpy as np

from nntc.errors import ModelError
from nntc.onnx.arrays import type_name
from nntc.onnx.protobuf import DELIMITED, FIXED32, FIXED64, VARINT, Read, Spans, fields, varints
from nntc.onnx.tensor import ELEMENT_BITS, Path

_NUMBERS = {
    "graph": 7, "training_info": 20, "functions": 25, "initialization": 1, "algorithm": 2, "node": 1,
    "initializer": 5, "sparse_initializer": 15, "attribute": 5, "attribute_proto": 11, "t": 5, "g": 6,
    "tensors": 10, "graphs": 11, "sparse_tensor": 22, "sparse_tensors": 23, "values": 1, "indices": 2,
}  # fmt: skip
_NODE_OF_FUNCTION = 7
_STRINGS, _RAW = 6, 9  # TensorProto
_FLOATS = {4, 10}  # float_data, double_data
_INTEGERS = {5, 7, 11}  # int32_data, int64_data, uint64_data


class Locator:
    """Finds TensorProtos in a model by the paths of `nntc.onnx.model.find_tensors`.

    Parameters
    ----------
    read
        ``read(offset, length)`` returns that many bytes of the model file.
    size
        Its size in bytes.
    """

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._spans: dict[Path, Spans] = {(): [(0, size)]}

    def spans(self, path: Path) -> Spans:
        """Return the pieces of the message at `path`; for a repeated field without index all messages."""
        if path not in self._spans:
            parent, last = path[:-1], path[-1]
            if isinstance(last, int):
                self._spans[path] = [self.spans(parent)[last]]
            else:
                wanted = _NODE_OF_FUNCTION if _is_function(parent) and last == "node" else _NUMBERS[last]
                self._spans[path] = [
                    (at, at + length)
                    for number, wire, at, length in fields(self._read, self.spans(parent))
                    if (number, wire) == (wanted, DELIMITED)
                ]
        return self._spans[path]


def _is_function(path: Path) -> bool:
    return len(path) == 2 and path[0] == "functions"


def stored_strings(read: Read, spans: Spans) -> list[bytes]:
    """Return the elements of a string tensor."""
    found = fields(read, spans)
    return [read(at, n) for number, wire, at, n in found if (number, wire) == (_STRINGS, DELIMITED)]


def stored_bytes(read: Read, spans: Spans, data_type: int) -> bytes:
    """Return a tensor's elements as `raw_data` would hold them, whatever field they are in.

    Parameters
    ----------
    read
        Random access to the model file.
    spans
        Pieces of the TensorProto.
    data_type
        `TensorProto.DataType`, not a string.

    Raises
    ------
    ModelError
        E_TENSOR for a type without fixed width, E_PROTOBUF for malformed protobuf.
    """
    if data_type not in ELEMENT_BITS:
        raise ModelError("E_TENSOR", f"{type_name(data_type)} has no fixed width", spans[0][0])
    raw = b""
    floats = bytearray()
    integers: list[int] = []
    for number, wire, at, value in fields(read, spans):
        if number == _RAW and wire == DELIMITED:
            raw = read(at, value)
        elif number in _FLOATS and wire in (DELIMITED, FIXED32, FIXED64):
            floats += read(at, value)
        elif number in _INTEGERS and wire == DELIMITED:
            integers += varints(read(at, value), at)
        elif number in _INTEGERS and wire == VARINT:
            integers.append(value)
    return raw or bytes(floats) or _packed(integers, data_type)


def _packed(integers: list[int], data_type: int) -> bytes:
    """Return varint values in the width of the type; items of 4- and 2-bit types are bytes already."""
    width = min(max(ELEMENT_BITS[data_type] // 8, 1), 8)
    return np.array(integers, np.uint64).astype(f"<u{width}").tobytes()

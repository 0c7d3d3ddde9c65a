"""Serialized models: what a program may hand over instead of a path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nntc.errors import ModelError

if TYPE_CHECKING:
    import onnx

    ModelSource = str | os.PathLike[str] | bytes | bytearray | memoryview | onnx.ModelProto
    """Path of a model, its bytes, or the model itself; the latter two without external data."""

_MOST = 2**31 - 1  # bytes that protobuf can serialize


def path_or_bytes(model: ModelSource) -> str | os.PathLike[str] | bytes:
    """Return a path as it is, and any other model as bytes, the same for the same model.

    Raises
    ------
    ModelError
        E_PROTOBUF: an `onnx.ModelProto` of more than 2 GiB.
    TypeError
        It is no model.
    """
    if isinstance(model, str | os.PathLike | bytes):
        return model
    if isinstance(model, bytearray | memoryview):
        return bytes(model)
    import onnx

    if not isinstance(model, onnx.ModelProto):
        raise TypeError(f"expected a path, bytes or an onnx.ModelProto, got {type(model).__name__}")
    if model.ByteSize() > _MOST:
        message = "protobuf cannot serialize more than 2 GiB; save it with external data and name its path"
        raise ModelError("E_PROTOBUF", message)
    return bytes(model.SerializeToString(deterministic=True))

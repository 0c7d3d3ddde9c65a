"""Recognition of what is given as a model: an ONNX model, or a file of another kind, named for what it is."""

from __future__ import annotations

from itertools import islice

from nntc.encoder.split.content import Content
from nntc.errors import ModelError
from nntc.onnx.model import find_tensors
from nntc.onnx.protobuf import DELIMITED, BlockRead, Read, fields
from nntc.onnx.tensor import WireTensor
from nntc.sources.kinds import HEAD, ONNX, kind_of

MAX_TENSORS = 1 << 18
"""Tensors of a model, of any size: each takes about 1.3 KiB of memory, and two bytes of a file."""
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25  # ModelProto
_CUT = "has only part of it been downloaded or copied?"
_OF_TENSOR = 2  # data_type, where a ModelProto has the name of its producer


def read_tensors(data: Content) -> list[WireTensor]:
    """Return the tensors of an ONNX model in file order.

    Parameters
    ----------
    data
        The model file.

    Raises
    ------
    ModelError
        E_NOT_ONNX for a file of another kind; E_LIMIT for more than 2^18 tensors; others as `find_tensors`.
    """
    read = BlockRead(data)
    kind = kind_of(bytes(data[:HEAD]))
    try:
        tensors = list(islice(find_tensors(read, len(data)), MAX_TENSORS + 1))
        found = {(number, wire) for number, wire, _, _ in fields(read, [(0, len(data))])}
    except ModelError as e:
        if e.id != "E_PROTOBUF":
            raise
        if kind not in (None, ONNX):
            raise ModelError("E_NOT_ONNX", f"not an ONNX model but {kind}", 0) from e
        hint = "is this an ONNX model?"
        if kind == ONNX and _is_cut(read, len(data)):
            hint = f"the file ends before the model does: {_CUT}"
        raise ModelError(e.id, f"{e.message}; {hint}", e.offset) from e
    if len(tensors) > MAX_TENSORS:
        raise ModelError("E_LIMIT", f"a model of more than {MAX_TENSORS:,} tensors")
    if found & {(_GRAPH, DELIMITED), (_TRAINING, DELIMITED), (_FUNCTIONS, DELIMITED)}:
        return tensors
    is_tensor = any(number == _OF_TENSOR and wire != DELIMITED for number, wire in found)
    if kind == ONNX and not is_tensor:
        raise ModelError("E_PROTOBUF", f"there is no graph in the model; {_CUT}", 0)
    kind = "a tensor" if is_tensor else kind
    what = f" but {kind}" if kind else ": there is no graph in it"
    raise ModelError("E_NOT_ONNX", f"not an ONNX model{what}", 0)


def _is_cut(read: Read, size: int) -> bool:
    """Whether the first field of the model that cannot be read goes past the end of the file."""
    try:
        for _ in fields(read, [(0, size)]):
            pass
    except ModelError as e:
        return "past the end" in e.message
    return False

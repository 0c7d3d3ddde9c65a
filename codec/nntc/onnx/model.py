"""Find the tensors of an ONNX model at protobuf wire level, wherever they stand.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. The decoder uses this
walker on graph bytes whose payloads are not there, so nothing here ever reads inside a payload
(`raw_data`, packed `float_data` and `double_data`), and nothing beyond the standard library is imported.
"""

from __future__ import annotations

from collections.abc import Iterator

from nntc.errors import ModelError
from nntc.onnx.protobuf import DELIMITED, Read, Spans, are_plain, fields
from nntc.onnx.tensor import Path, WireTensor, read_tensor, tensor_name, text

MAX_DEPTH = 100  # protobuf's own limit of nested messages
MAX_PIECES = 1024  # pieces of one singular message; writers make one

CHILDREN: dict[str, dict[int, tuple[str, str, bool]]] = {
    # message: {field number: (field, message it holds, repeated)}
    "model": {
        7: ("graph", "graph", False),
        20: ("training_info", "training", True),
        25: ("functions", "function", True),
    },
    "training": {1: ("initialization", "graph", False), 2: ("algorithm", "graph", False)},
    "graph": {
        1: ("node", "node", True),
        5: ("initializer", "tensor", True),
        15: ("sparse_initializer", "sparse", True),
    },
    "function": {7: ("node", "node", True), 11: ("attribute_proto", "attribute", True)},
    "node": {5: ("attribute", "attribute", True)},
    "attribute": {
        5: ("t", "tensor", False),
        6: ("g", "graph", False),
        10: ("tensors", "tensor", True),
        11: ("graphs", "graph", True),
        22: ("sparse_tensor", "sparse", False),
        23: ("sparse_tensors", "sparse", True),
    },
    "sparse": {1: ("values", "tensor", False), 2: ("indices", "tensor", False)},
}
_OUTPUT, _OP_TYPE = 2, 4  # NodeProto
_PLAIN = frozenset({1, 2, 3, 4, 6, 7, 8})  # all of its fields but attributes and metadata
_VALUES = 1  # SparseTensorProto


def find_tensors(read: Read, size: int) -> Iterator[WireTensor]:
    """Yield every tensor of an ONNX model in file order.

    A singular message written in several pieces is visited as a whole where its first piece stands.

    Parameters
    ----------
    read
        ``read(offset, length)`` returns that many bytes of the file; it is never asked for payload bytes.
    size
        File size in bytes.

    Raises
    ------
    ModelError
        E_PROTOBUF for malformed protobuf, more than 100 nested messages or a rank above 64; E_EXTERNAL
        for external data without a location or with an offset or length that is no number; E_LOCATION
        for a location of more than 4,096 bytes.
    """
    return _walk(read, "model", [(0, size)], (), 0, "")


def _walk(read: Read, message: str, spans: Spans, path: Path, depth: int, name: str) -> Iterator[WireTensor]:
    """Yield the tensors in one message; `name` is for those that have none."""
    if depth > MAX_DEPTH:
        raise ModelError("E_PROTOBUF", f"messages nested more than {MAX_DEPTH} deep", spans[0][0])
    if message == "tensor":
        yield read_tensor(read, spans, path, name)
        return
    children = CHILDREN[message]
    pieces: dict[int, Spans] = {}
    if message not in ("graph", "function"):
        found, pieces = _survey(read, spans, children)
        if not found:
            return
    if message == "node":
        name = text(read, pieces.get(_OUTPUT)) if text(read, pieces.get(_OP_TYPE)) == "Constant" else ""
    elif message == "graph":
        name = ""
    elif message == "sparse" and _VALUES in pieces:
        name = tensor_name(read, pieces[_VALUES]) or name
    counts = dict.fromkeys(children, 0)
    for number, wire, start, length in fields(read, spans):
        if number not in children or wire != DELIMITED:
            continue
        field, child, repeated = children[number]
        index = counts[number]
        counts[number] += 1
        if repeated:
            if child == "node" and depth < MAX_DEPTH and are_plain(read, start, start + length, _PLAIN):
                continue  # most have no attributes
            piece = [(start, start + length)]
            if child == "tensor" and depth < MAX_DEPTH:  # as `_walk` does, of many
                yield read_tensor(read, piece, (*path, field, index), name)
            else:
                yield from _walk(read, child, piece, (*path, field, index), depth + 1, name)
        elif index == 0:
            yield from _walk(read, child, pieces[number], (*path, field), depth + 1, name)


def _survey(
    read: Read, spans: Spans, children: dict[int, tuple[str, str, bool]]
) -> tuple[bool, dict[int, Spans]]:
    """Return whether a message has children at all, and the pieces of each one that it holds once.

    Of a node this is also where its first output and its operator stand.
    """
    found = False
    pieces: dict[int, Spans] = {}
    for number, wire, start, length in fields(read, spans):
        if wire != DELIMITED:
            continue
        if number not in children:
            if number in (_OUTPUT, _OP_TYPE) and number not in pieces:
                pieces[number] = [(start, start + length)]
            continue
        found = True
        if not children[number][2]:
            known = pieces.setdefault(number, [])
            known.append((start, start + length))
            if len(known) > MAX_PIECES:
                raise ModelError("E_PROTOBUF", f"a message in more than {MAX_PIECES} pieces", start)
    return found, pieces

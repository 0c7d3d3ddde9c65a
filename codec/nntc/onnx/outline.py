"""A model without the payloads of its tensors: nodes, names and shapes, whatever its size."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from nntc.format.fields import VarInt
from nntc.onnx.model import CHILDREN, MAX_DEPTH
from nntc.onnx.protobuf import DELIMITED, VARINT, Read, fields

_COUNT = VarInt()


def outline(read: Read, size: int, payloads: Mapping[int, int]) -> bytes:
    """Return a model without some payloads; the tensors that they belong to have no data then.

    Parameters
    ----------
    read
        ``read(offset, length)`` returns that many bytes of the file; it is never asked for these payloads.
    size
        File size in bytes.
    payloads
        Lengths of the payloads by their offsets, in bytes, as `find_tensors` gives them.

    Raises
    ------
    ModelError
        E_PROTOBUF for malformed protobuf.
    """
    return _copy(read, "model", 0, size, sorted(payloads), 0)


def _copy(read: Read, message: str, start: int, end: int, payloads: Sequence[int], depth: int) -> bytes:
    """Return a message without payloads."""
    first = bisect_left(payloads, start)
    if depth > MAX_DEPTH or first == len(payloads) or payloads[first] >= end:
        return read(start, end - start)
    children = CHILDREN.get(message, {})
    out = bytearray()
    for number, wire, body, value in fields(read, [(start, end)]):
        tag = _COUNT.put(number << 3 | wire)
        if wire == VARINT:
            out += tag + _COUNT.put(value)
        elif wire != DELIMITED:
            out += tag + read(body, value)
        elif number in children:
            content = _copy(read, children[number][1], body, body + value, payloads, depth + 1)
            out += tag + _COUNT.put(len(content)) + content
        elif message != "tensor" or body not in payloads[first : bisect_left(payloads, end)]:
            out += tag + _COUNT.put(value) + read(body, value)
    return bytes(out)

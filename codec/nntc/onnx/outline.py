"""A model without the payloads of its tensors: nodes, names and shapes, whatever its size."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from nntc.format.fields import VarInt
from nntc.onnx.model import CHILDREN, MAX_DEPTH
from nntc.onnx.protobuf import DELIMITED, VARINT, Read, fields

_COUNT = VarInt()
_PAYLOAD = b"\x4a"
"""Tag of `TensorProto.raw_data`, where nearly all payloads are."""


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
    return _Outline(read, payloads).copy("model", 0, size, 0)


class _Outline:
    """Copies messages in file order: stretches of them as they are, and what holds payloads anew."""

    def __init__(self, read: Read, payloads: Mapping[int, int]) -> None:
        self._read = read
        self._lengths = payloads
        self._starts = [*sorted(payloads), sys.maxsize, sys.maxsize]
        self._next = 0  # of the payloads, the first that has not been left out

    def copy(self, message: str, start: int, end: int, depth: int) -> bytes:
        """Return a message without payloads."""
        if depth > MAX_DEPTH:
            return self._read(start, end - start)
        if message == "tensor":
            plain = self._plain_tensor(start, end)
            if plain is not None:
                return plain
        children = CHILDREN.get(message, {})
        out = bytearray()
        copied = at = start  # where the stretch begins that is to be copied, and the field
        for number, wire, body, value in fields(self._read, [(start, end)]):
            after = body if wire == VARINT else body + value
            if wire == DELIMITED and self._starts[self._next] < after and self._holds_payload(body, after):
                if message == "tensor":
                    if body in self._lengths:
                        out += self._read(copied, at - copied)
                        copied = after
                        self._next += 1
                elif number in children:
                    content = self.copy(children[number][1], body, after, depth + 1)
                    out += self._read(copied, at - copied) + _COUNT.put(number << 3 | wire)
                    out += _COUNT.put(len(content)) + content
                    copied = after
            at = after
        return bytes(out + self._read(copied, end - copied))

    def _plain_tensor(self, start: int, end: int) -> bytes | None:
        """Return a tensor without its payload, if it has one, and in front of it what writers put there."""
        first, second = self._starts[self._next : self._next + 2]
        if not start <= first < end or second < end:
            return None
        length = self._lengths[first]
        before, head = self._read(start, first - start), _PAYLOAD + _COUNT.put(length)
        if not before.endswith(head):
            return None
        self._next += 1
        return before[: -len(head)] + self._read(first + length, end - first - length)

    def _holds_payload(self, start: int, end: int) -> bool:
        """Return whether a payload that has not been left out begins in a stretch of the file."""
        while self._starts[self._next] < start:
            self._next += 1
        return self._starts[self._next] < end

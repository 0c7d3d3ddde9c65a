"""Protobuf messages, byte by byte."""

from __future__ import annotations

from nntc.onnx.model import find_tensors
from nntc.onnx.tensor import WireTensor


def find(data: bytes) -> list[WireTensor]:
    return list(find_tensors(lambda offset, length: data[offset : offset + length], len(data)))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def sub(number: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return varint(number << 3 | 2) + varint(len(body)) + body


def num(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def graph_of(*fields_of_graph: bytes) -> bytes:
    return sub(7, *fields_of_graph)


def initializer(*fields_of_tensor: bytes) -> bytes:
    return graph_of(sub(5, *fields_of_tensor))


RAW = sub(9, bytes(range(32)))


F32_8 = num(1, 8) + num(2, 1)  # eight float32

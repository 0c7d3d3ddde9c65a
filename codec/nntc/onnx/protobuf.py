"""Protobuf wire format: the fields of a message, without reading what is inside them.

https://protobuf.dev/programming-guides/encoding/. A message is given as its spans, because protobuf
merges a singular submessage that is written in several pieces: its fields are those of all pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nntc.errors import ModelError

Read = Callable[[int, int], bytes]
"""``read(offset, length)`` returns exactly `length` bytes; it is never asked for bytes past the end."""

Spans = list[tuple[int, int]]
"""Start and end offset of each piece of one message."""

VARINT, FIXED64, DELIMITED, GROUP, END_GROUP, FIXED32 = range(6)
MAX_GROUPS = 100
_FIXED = {FIXED64: 8, FIXED32: 4}


def fields(read: Read, spans: Spans) -> Iterator[tuple[int, int, int, int]]:
    """Yield every field of a message in order; groups, which ONNX never uses, are skipped.

    Only tags, lengths and varint values are read.

    Parameters
    ----------
    read
        Random access to the file.
    spans
        Pieces of the message.

    Yields
    ------
    tuple of int
        Field number, wire type, offset after tag and length, and the content's length in bytes; for
        VARINT the value in place of the length.

    Raises
    ------
    ModelError
        E_PROTOBUF at the first byte of the field at fault.
    """
    for start, end in spans:
        at = start
        while at < end:
            # Every field has two bytes at least and neither is content of a delimited field, so one
            # read of two bytes serves most fields without entering a payload.
            if end - at >= 2:
                tag, value = read(at, 2)
                wire = tag & 7
                if 8 <= tag < 0x80 and wire == FIXED32 and end - at >= 5:
                    yield tag >> 3, FIXED32, at + 1, 4
                    at += 5
                    continue
                if 8 <= tag < 0x80 and wire == DELIMITED:
                    body = at + 2
                    if value >= 0x80:
                        value, body = _varint(read, at + 1, end)
                    if value <= end - body:
                        yield tag >> 3, DELIMITED, body, value
                        at = body + value
                        continue
                elif 8 <= tag < 0x80 and wire == VARINT and value < 0x80:
                    at += 2
                    yield tag >> 3, VARINT, at, value
                    continue
            number, wire, body, value = _header(read, at, end)
            if wire == GROUP:
                at = _skip_group(read, at, end)
                continue
            if wire == END_GROUP:
                raise ModelError("E_PROTOBUF", "end of a group that was not opened", at)
            yield number, wire, body, value
            at = body if wire == VARINT else body + value


def varints(data: bytes, offset: int) -> list[int]:
    """Return the unsigned 64-bit values of a packed field whose first byte stands at `offset`."""
    values = []
    at = 0
    while at < len(data):
        value, at = _varint(lambda where, _: data[where : where + 1], at, len(data), offset)
        values.append(value)
    return values


def signed(value: int, bits: int = 64) -> int:
    """Return an unsigned varint value as the signed integer of `bits` bits that protobuf means."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _header(read: Read, at: int, end: int) -> tuple[int, int, int, int]:
    tag, body = _varint(read, at, end)
    if tag >= 1 << 32:
        raise ModelError("E_PROTOBUF", "field number out of range", at)
    wire = tag & 7
    if wire in (VARINT, DELIMITED):
        value, body = _varint(read, body, end)
    else:
        value = _FIXED.get(wire, 0)
    if tag < 8:
        raise ModelError("E_PROTOBUF", "field number 0", at)
    if wire > FIXED32:
        raise ModelError("E_PROTOBUF", f"unknown wire type {wire}", at)
    if wire != VARINT and value > end - body:
        raise ModelError("E_PROTOBUF", "field goes past the end of its message", at)
    return tag >> 3, wire, body, value


def _varint(read: Read, at: int, end: int, base: int = 0) -> tuple[int, int]:
    """Return an unsigned varint (at most ten bytes, taken modulo 2**64) and the offset after it."""
    value = 0
    for k in range(10):
        if at + k >= end:
            raise ModelError("E_PROTOBUF", "varint goes past the end of its message", base + at)
        byte = read(at + k, 1)[0]
        value |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + k + 1
    raise ModelError("E_PROTOBUF", "varint longer than ten bytes", base + at)


def _skip_group(read: Read, at: int, end: int) -> int:
    """Return the offset after the group that opens at `at`."""
    start = at
    opened: list[int] = []
    while at < end:
        number, wire, body, value = _header(read, at, end)
        if wire == GROUP:
            opened.append(number)
            if len(opened) > MAX_GROUPS:
                raise ModelError("E_PROTOBUF", f"groups nested more than {MAX_GROUPS} deep", at)
        elif wire == END_GROUP and opened.pop() != number:
            raise ModelError("E_PROTOBUF", "a group ends as another one", at)
        if not opened:
            return body
        at = body if wire == VARINT else body + value
    raise ModelError("E_PROTOBUF", "group without an end", start)

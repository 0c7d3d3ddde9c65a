"""Protobuf wire format: the fields of a message, without reading what is inside them.

https://protobuf.dev/programming-guides/encoding/. A message is given as its spans, because protobuf
merges a singular submessage that is written in several pieces: its fields are those of all pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from nntc.errors import ModelError

Read = Callable[[int, int], bytes]
"""``read(offset, length)`` returns exactly `length` bytes; it is never asked for bytes past the end."""

Window = tuple[bytes | memoryview, int, int]
"""Bytes at hand, the offset that the first of them would have, and the offset up to which they are valid."""


class Slices(Protocol):
    """What has a length and slices of bytes."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice, /) -> bytes | memoryview: ...


class BlockRead:
    """A `Read` of what may be read beyond what is asked for, and is so some of it at a time.

    Parameters
    ----------
    content
        The file.
    block
        Bytes at a time, two or more.
    """

    def __init__(self, content: Slices, block: int = 1 << 14) -> None:
        self._content = content
        self._block = block
        self._window: Window = b"", 0, 0

    def __call__(self, offset: int, length: int) -> bytes:
        """Return bytes of the file."""
        data, low, high = self._window
        if low <= offset and offset + length <= high:
            return bytes(data[offset - low : offset - low + length])
        return bytes(self._content[offset : offset + length])

    def window(self, at: int) -> Window:
        """Return two bytes at `at` and some after them, or all there are."""
        low, high = self._window[1:]
        if not low <= at <= high - 2:
            data = bytes(self._content[at : at + self._block])
            self._window = data, at, at + len(data)
        return self._window

    def passed(self, _count: int) -> None:
        """Be told that fields have been read."""


Spans = list[tuple[int, int]]
"""Start and end offset of each piece of one message."""

VARINT, FIXED64, DELIMITED, GROUP, END_GROUP, FIXED32 = range(6)
MAX_GROUPS = 100
_PASSED = 4096
_FIXED = {FIXED64: 8, FIXED32: 4}


def fields(read: Read, spans: Spans) -> Iterator[tuple[int, int, int, int]]:
    """Yield every field of a message in order; groups, which ONNX never uses, are skipped.

    Only tags, lengths and varint values are read, unless `read` has a method `window` as that of `BlockRead`,
    which decides itself; `passed` is then told of each 4,096 fields, and of those at the end.

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
    window: Callable[[int], Window] | None = getattr(read, "window", None)
    passed: Callable[[int], None] | None = getattr(read, "passed", None)
    count = 0
    for start, end in spans:
        at = start
        data: bytes | memoryview = b""
        low = high = 0
        while at < end:
            count += 1
            if passed and not count % _PASSED:
                passed(_PASSED)
            # Every field has two bytes at least and neither is content of a delimited field, so one
            # read of two bytes serves most fields without entering a payload.
            if end - at >= 2:
                if at + 2 > high:
                    data, low, high = window(at) if window else (read(at, 2), at, at + 2)
                if at + 2 <= high:
                    tag, value = data[at - low], data[at - low + 1]
                    wire = tag & 7
                    if 8 <= tag < 0x80:
                        if wire == DELIMITED:
                            body = at + 2
                            if value >= 0x80:
                                if body < high and body < end and data[body - low] < 0x80:
                                    value = value & 0x7F | data[body - low] << 7
                                    body += 1
                                else:
                                    value, body = _varint(read, at + 1, end)
                            if value <= end - body:
                                yield tag >> 3, DELIMITED, body, value
                                at = body + value
                                continue
                        elif wire == VARINT and value < 0x80:
                            at += 2
                            yield tag >> 3, VARINT, at, value
                            continue
                        elif wire == FIXED32 and end - at >= 5:
                            yield tag >> 3, FIXED32, at + 1, 4
                            at += 5
                            continue
            number, wire, body, value = _header(read, at, end)
            if wire == GROUP:
                at = _skip_group(read, at, end)
                continue
            if wire == END_GROUP:
                raise ModelError("E_PROTOBUF", "end of a group that was not opened", at)
            yield number, wire, body, value
            at = body if wire == VARINT else body + value
    if passed:
        passed(count % _PASSED)


def are_plain(read: Read, start: int, end: int, numbers: Collection[int]) -> bool:
    """Return whether a message is plainly one of short delimited fields, all of them among these.

    False says nothing: bytes may not be at hand, or the message be something else, or malformed.

    Parameters
    ----------
    read
        As of `fields`.
    start, end
        Where the message stands.
    numbers
        Of fields, below 16.
    """
    window: Callable[[int], Window] | None = getattr(read, "window", None)
    if window is None or end - start < 2:
        return False
    data, low, high = window(start)
    if end > high:
        return False
    at, last = start - low, end - low
    count = 0
    while at + 1 < last:
        tag, length = data[at], data[at + 1]
        if tag & 7 != DELIMITED or tag >> 3 not in numbers or length >= 0x80:
            return False
        at += 2 + length
        count += 1
    passed: Callable[[int], None] | None = getattr(read, "passed", None)
    if passed:
        passed(count)
    return at == last


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

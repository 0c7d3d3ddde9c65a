"""LSB-first bit runs (SPEC.md, "Notation"): scalar reader and writer, and whole arrays at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.errors import FormatError
from codec.format.layout import SectionStream


class BitReader:
    """Read a bit run from a stream, one byte at a time, so that it ends where its last byte ends."""

    def __init__(self, stream: SectionStream) -> None:
        self._stream = stream
        self._start = stream.tell()
        self._held = 0
        self._count = 0

    def read(self, width: int) -> int:
        """Return the next `width` bits as an unsigned integer."""
        while self._count < width:
            self._held |= self._stream.take(1, "bit run")[0] << self._count
            self._count += 8
        value = self._held & ((1 << width) - 1)
        self._held >>= width
        self._count -= width
        return value

    def unary(self, limit: int) -> int:
        """Count ones up to the next zero; more than `limit` is E_TABLE."""
        count = 0
        while self.read(1):
            count += 1
            if count > limit:
                raise FormatError("E_TABLE", "unary code is too long", self._stream.at(self._start))
        return count

    def finish(self) -> None:
        """Check that what is left of the last byte is zero."""
        if self._held:
            raise FormatError("E_PADDING", "padding bits are not zero", self._stream.at(self._stream.tell() - 1))


class BitWriter:
    """Collect a bit run."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def write(self, value: int, width: int) -> None:
        """Append `width` bits."""
        self._value |= value << self._count
        self._count += width

    def unary(self, count: int) -> None:
        """Append `count` ones and a zero."""
        self.write((1 << count) - 1, count + 1)

    def getvalue(self) -> bytes:
        """Return the run, zero padded to whole bytes."""
        return self._value.to_bytes((self._count + 7) // 8, "little")


def packed_size(count: int, width: int) -> int:
    """Return the bytes that `count` fields of `width` bits take."""
    return (count * width + 7) // 8


def unpack(data: bytes, count: int, width: int) -> NDArray[np.uint32]:
    """Return `count` fields of `width` <= 32 bits as a rank-1 uint32 array; padding is not looked at."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little", count=count * width)
    fields = np.zeros(count, np.uint32)
    for bit in range(width):
        fields |= bits[bit::width].astype(np.uint32) << np.uint32(bit)
    return fields


def padding_is_zero(data: bytes, count: int, width: int) -> bool:
    """Whether the bits behind `count` fields of `width` bits are zero."""
    used = count * width % 8
    return used == 0 or data[-1] >> used == 0


def pack(fields: NDArray[np.unsignedinteger], width: int) -> bytes:
    """Return rank-1 `fields`, each below 2**width, as a zero-padded bit run."""
    bits = np.zeros((fields.size, width), np.uint8)
    for bit in range(width):
        bits[:, bit] = (fields >> fields.dtype.type(bit)) & fields.dtype.type(1)
    return np.packbits(bits.ravel(), bitorder="little").tobytes()

"""Bit runs, least significant bit first: a scalar reader and writer, and whole arrays at once.

Implements SPEC.md 3.5 (R-014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format.fields import SectionStream


class BitReader:
    """Read a bit run whose length shows only while it is read; `finish` leaves the stream after it.

    Raises
    ------
    FormatError
        E_TRUNCATED at the first byte that is missing.
    """

    def __init__(self, stream: SectionStream) -> None:
        self.start = stream.at()
        self._stream = stream
        self._held = 0
        self._count = 0

    def _fill(self, width: int) -> None:
        """Hold at least `width` bits."""
        data = self._stream.read(_AHEAD)
        self._held |= int.from_bytes(data, "little") << self._count
        self._count += 8 * len(data)
        if self._count < width:
            raise FormatError("E_TRUNCATED", "bit run is cut off", self._stream.at())

    def read(self, width: int) -> int:
        """Return the next `width` bits, at most 12, as an unsigned integer."""
        if self._count < width:
            self._fill(width)
        value = self._held & ((1 << width) - 1)
        self._held >>= width
        self._count -= width
        return value

    def unary(self, limit: int) -> int:
        """Count ones up to the next zero; more than `limit`, below 32, is E_TABLE."""
        if self._count <= limit and self._stream.tell() < self._stream.size:
            self._fill(0)
        # The lowest zero of what is held; above it there are only zeros.
        count = (~self._held & (self._held + 1)).bit_length() - 1
        if count > limit:
            raise FormatError("E_TABLE", "unary code is too long", self.start)
        if count >= self._count:
            raise FormatError("E_TRUNCATED", "bit run is cut off", self._stream.at())
        self._held >>= count + 1
        self._count -= count + 1
        return count

    def finish(self) -> None:
        """Go back to the end of the run's last byte and check that its padding is zero."""
        self._stream.seek(-(self._count // 8), 1)
        if self._held & ((1 << self._count % 8) - 1):
            last = self._stream.at(self._stream.tell() - 1)
            raise FormatError("E_PADDING", "padding bits are not zero", last)


_AHEAD = 8


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


def unpack(data: bytes, count: int, width: int, skip: int = 0) -> NDArray[np.uint32]:
    """Return `count` fields of `width` <= 32 bits after the first `skip` bits, rank-1 uint32.

    Padding is not looked at.
    """
    used = np.frombuffer(data, np.uint8)[skip // 8 : (skip + count * width + 7) // 8]
    bits = np.unpackbits(used, bitorder="little")[skip % 8 :]
    fields = np.zeros(count, np.uint32)
    for bit in range(width):
        fields |= bits[bit : count * width : width].astype(np.uint32) << np.uint32(bit)
    return fields


def padding_is_zero(data: bytes, count: int, width: int) -> bool:
    """Whether the bits after `count` fields of `width` bits are zero."""
    used = count * width % 8
    return used == 0 or data[-1] >> used == 0


def pack(fields: NDArray[np.unsignedinteger], width: int) -> bytes:
    """Return rank-1 `fields`, each below 2**width, as a zero-padded bit run."""
    bits = np.zeros((fields.size, width), np.uint8)
    for bit in range(width):
        bits[:, bit] = (fields >> fields.dtype.type(bit)) & fields.dtype.type(1)
    return np.packbits(bits.ravel(), bitorder="little").tobytes()

"""Bytes with a name for each field, and what fields are made of (SPEC.md, clause 3)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


def varint(value: int) -> bytes:
    """Return an unsigned integer in the fewest bytes."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def svarint(value: int) -> bytes:
    """Return a signed integer as a zigzag varint."""
    return varint(2 * value if value >= 0 else -2 * value - 1)


def u32(value: int) -> bytes:
    """Return four bytes, little-endian."""
    return struct.pack("<I", value)


def f32(value: float) -> bytes:
    """Return a binary32, little-endian."""
    return struct.pack("<f", value)


def bit_run(fields: Iterable[tuple[int, int]]) -> bytes:
    """Return (value, width) fields as a zero-padded bit run."""
    run = place = 0
    for value, width in fields:
        run |= value << place
        place += width
    return run.to_bytes((place + 7) // 8, "little")


def noise(seed: str, size: int) -> bytes:
    """Return `size` bytes that look random and are the same everywhere."""
    blocks = (hashlib.sha256(f"{seed} {i}".encode()).digest() for i in range(-(-size // 32)))
    return b"".join(blocks)[:size]


class Chance:
    """Choices that look random and are the same everywhere."""

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(noise(seed, 8), "little")

    def below(self, limit: int) -> int:
        """Return an integer in 0..limit-1, limit far below 2**32."""
        # Knuth's linear congruential generator; its upper half is random enough.
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 32) % limit

    def between(self, low: int, high: int) -> int:
        """Return an integer in low..high."""
        return low + self.below(high - low + 1)

    def one_of(self, values: Sequence[T]) -> T:
        """Return one of `values`."""
        return values[self.below(len(values))]

    def hit(self, percent: int) -> bool:
        """Return True in so many of a hundred cases."""
        return self.below(100) < percent


class Field(NamedTuple):
    """A field of SPEC.md, clause 3.3: what E_TRUNCATED is reported at the first byte of."""

    name: str
    data: bytes


class Fields:
    """A stretch of bytes, field after field; every field has a name of its own."""

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self._fields: dict[str, bytes] = dict(fields)

    def __iter__(self) -> Iterator[Field]:
        return (Field(name, data) for name, data in self._fields.items())

    @property
    def data(self) -> bytes:
        """All fields, back to back."""
        return b"".join(self._fields.values())

    def add(self, name: str, data: bytes) -> None:
        """Append a field."""
        if name in self._fields:
            raise ValueError(f"two fields are called {name}")
        self._fields[name] = data

    def u8(self, name: str, value: int) -> None:
        """Append a byte."""
        self.add(name, bytes([value]))

    def varint(self, name: str, value: int) -> None:
        """Append a varint."""
        self.add(name, varint(value))

    def svarint(self, name: str, value: int) -> None:
        """Append a signed varint."""
        self.add(name, svarint(value))

    def nest(self, prefix: str, inner: Fields) -> None:
        """Append fields under names with a prefix."""
        for name, data in inner:
            self.add(f"{prefix}.{name}", data)

"""Clause 6.6: NOTES, which a decoder never needs; here for tools that show it."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader
from .errors import NntcError


@dataclass(frozen=True, slots=True)
class Notes:
    """Content of a NOTES section of version 0."""

    error: bytes
    measure: int
    measured_on: int
    samples: int
    divergence: bytes
    encoder: str


def read_notes(data: bytes, part_count: int) -> Notes | None:
    """The content of NOTES, or None where it does not fit the table of clause 6.6 [R-272]."""
    reader = Reader(data, 0)
    try:
        if reader.u8() != 0:
            return None
        count = reader.varint()
        if count != part_count:
            return None
        error = bytes(reader.take(2 * count))
        if any(byte & 0x80 for byte in error[1::2]):
            return None
        measure, measured_on, samples, divergence = reader.u8(), 0, 0, b""
        if measure > 3:
            return None
        if measure != 0:
            measured_on = reader.u8()
            if measured_on > 2:
                return None
            samples = reader.varint()
            divergence = bytes(reader.take(4))
        name = bytes(reader.take(reader.varint()))
        reader.finish()
        return Notes(error, measure, measured_on, samples, divergence, name.decode("utf-8"))
    except (NntcError, UnicodeDecodeError):
        return None

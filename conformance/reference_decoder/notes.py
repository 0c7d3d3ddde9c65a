"""Clause 6.6: NOTES, which a decoder never needs; here for tools that show it."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader
from .errors import NntcError


@dataclass(frozen=True, slots=True)
class Notes:
    """Content of a NOTES section of version 0."""

    quality: bytes
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
        quality = bytes(reader.take(count))
        name = bytes(reader.take(reader.varint()))
        reader.finish()
        return Notes(quality, name.decode("utf-8"))
    except (NntcError, UnicodeDecodeError):
        return None

"""Clause 6.7: INDEX, which a decoder of whole files never needs; here for tools that look a tensor up."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader
from .errors import NntcError


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An entry; ``section`` and ``part`` are 0 where they are absent."""

    name: str
    data_type: int
    dims: tuple[int, ...]
    sections: int
    section: int
    part: int


def read_index(data: bytes, tensor_count: int) -> list[IndexEntry] | None:
    """The entries of INDEX, or None where it does not fit the tables of clause 6.7 [R-273]."""
    reader = Reader(data, 0)
    entries: list[IndexEntry] = []
    name = b""
    try:
        if reader.u8() != 0:
            return None
        for _ in range(reader.varint()):
            prefix = reader.varint()
            if prefix > len(name):
                return None
            rest_length = reader.varint()
            if not 1 <= prefix + rest_length <= 1024:
                return None
            before, name = name, name[:prefix] + bytes(reader.take(rest_length))
            if not before < name:
                return None
            entry = _read_place(reader, name.decode("utf-8"), tensor_count)
            if entry is None:
                return None
            entries.append(entry)
        reader.finish()
    except (NntcError, UnicodeDecodeError):
        return None
    return entries


def _read_place(reader: Reader, name: str, tensor_count: int) -> IndexEntry | None:
    """What comes after the name of an entry."""
    data_type, rank = reader.u8(), reader.u8()
    if rank > 64:
        return None
    dims = tuple(reader.varint() for _ in range(rank))
    product = 1
    for dim in dims:
        product *= dim if dim else 1
    if product >= 2**48:
        return None
    sections = reader.varint()
    section = reader.varint() if sections > 0 else 0
    part = reader.varint() if sections == 1 else 0
    if section + sections > tensor_count or part > 65535:
        return None
    return IndexEntry(name, data_type, dims, sections, section, part)

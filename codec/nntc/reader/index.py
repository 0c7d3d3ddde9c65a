"""Index of an encoder: where tensors are by name, without the graph.

Implements SPEC.md 6.7 (R-273).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.index import ENTRY, HEAD_COUNT, HEAD_VERSION, IndexEntry

if TYPE_CHECKING:
    from nntc.reader.lazy import GraphTensor

Index = dict[str, IndexEntry]
"""Entries by name, in ascending order of the names."""


def read_index(data: bytes, tensors: int) -> Index | None:
    """Return the index, or None where it is not what the specification says [R-273].

    Parameters
    ----------
    data
        The section, whose digest is right.
    tensors
        Number of TENSOR sections.
    """
    stream = SectionStream(data, 0)
    found: Index = {}
    name = b""
    try:
        HEAD_VERSION.read(stream)
        for _ in range(HEAD_COUNT.read(stream)):
            entry = ENTRY.read(stream, before=len(name), tensors=tensors)
            before, name = name, name[: entry.prefix] + entry.rest
            if name <= before:
                return None
            first = entry.section or 0
            sections = range(first, first + entry.sections)
            found[name.decode()] = IndexEntry(name, entry.data_type, entry.dims, sections, entry.part or 0)
        stream.finish("INDEX section")
    except (FormatError, UnicodeDecodeError):
        return None
    return found


def entries_of(tensors: Mapping[str, GraphTensor]) -> Iterator[IndexEntry]:
    """Yield what an index has to say of tensors in the graph, by their names in `Container.tensors`."""
    for key, tensor in tensors.items():
        parts = tensor.parts
        first, part = parts[0] if parts else (0, 0)
        sections = range(first, first + len(parts))
        is_run = len(parts) == 1 or parts == [(section, 0) for section in sections]
        place = (sections, part) if is_run else (range(0), 0)
        yield IndexEntry(key.encode(), tensor.wire.data_type, tensor.shape, *place)

"""INDEX section: names, types, shapes of all tensors, and where their bytes are.

Implements SPEC.md 6.7 and 16 (R-907).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nntc.encoder.container import CodedFile, NewSection
from nntc.encoder.report import EncodeReport
from nntc.errors import ModelError
from nntc.format.index import IndexEntry, write_index
from nntc.format.registry import SectionType
from nntc.limits import NO_LIMITS
from nntc.onnx.tensor import WireTensor
from nntc.reader.container import Container
from nntc.reader.index import entries_of

_ENTRY = 22
"""Bytes of its entry in the directory."""


def with_index(file: CodedFile, report: EncodeReport) -> tuple[CodedFile, EncodeReport]:
    """Return a file with an index in front of its graph, and its report.

    Raises
    ------
    ModelError
        E_TENSOR: a tensor has a name or a shape that an index cannot hold.
    """
    indexed = indexed_file(file)
    return indexed, replace(report, size=indexed.size)


def indexed_file(file: CodedFile) -> CodedFile:
    """Return a file with an index in front of its graph; raises ModelError, as `with_index`."""
    with Container(file, limits=NO_LIMITS) as container:
        body = write_index(map(_checked, entries_of(container.graph_tensors)))
    return file.with_index(NewSection(SectionType.INDEX, body, 0))


def index_size(tensors: Iterable[WireTensor], sections: int) -> int:
    """Return the bytes that an index will take, or a few more; raises ModelError, as `with_index`.

    Parameters
    ----------
    tensors
        Of the model.
    sections
        How many TENSOR sections there may be.
    """
    names = {}
    for wire in tensors:
        key = "/".join(map(str, wire.path)) if not wire.name or wire.name in names else wire.name
        place = range(sections, sections + 1)
        names[key] = _checked(IndexEntry(key.encode(), wire.data_type, wire.dims, place))
    return len(write_index(names.values())) + _ENTRY


def _checked(entry: IndexEntry) -> IndexEntry:
    if not entry.fits:
        name = entry.name[:100].decode(errors="replace")
        raise ModelError("E_TENSOR", f"{name!r} has a name or a shape that an index cannot hold")
    return entry

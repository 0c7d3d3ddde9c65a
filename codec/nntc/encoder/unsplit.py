"""Lossless files without TENSOR sections: the whole model is graph bytes (SPEC.md, "Splices").

zstd of all files together finds what repeats from one tensor to another, or between a tensor and the graph,
which coding each tensor by itself cannot. Models of many near copies, tables and strings are smaller so.
"""

from __future__ import annotations

from dataclasses import replace

from zstandard import ZstdCompressor

from nntc.encoder.container import CodedFile, NewFile, graph_section
from nntc.encoder.report import EncodeReport
from nntc.encoder.split import SplitSource
from nntc.encoder.split.content import chunks, digest
from nntc.format.registry import Profile

_SMALL = 1 << 16  # bytes of a model that is always tried: it takes no time
_MEDIUM = 1 << 21
_LARGEST = 1 << 26
"""Bytes of a model up to which it is tried: all of it has to be in memory, here and in decoders."""
_QUICK_LEVEL = 3
_LIKELY, _POSSIBLE = 1.08, 1.35
"""How much larger than the file with sections quick zstd may be for zstd to be tried in earnest: of large
models, which are mostly weights, and of others."""


def without_sections(
    split: SplitSource, file: CodedFile, report: EncodeReport
) -> tuple[CodedFile, EncodeReport]:
    """Return a lossless file, or one without TENSOR sections where that is smaller, and its report.

    Parameters
    ----------
    split
        The open model.
    file, report
        The file with sections.
    """
    size = sum(file.size for file in split.files)
    if not split.payloads or size > _LARGEST:
        return file, report
    slack = _POSSIBLE if size <= _MEDIUM else _LIKELY
    if size > _SMALL and _quick_size(split) > slack * file.size:
        return file, report
    content = b"".join(bytes(own.data) for own in split.files)
    files = []
    for own in split.files:
        name_at = None if own.name is None else (own.location_offset, own.location_length)
        files.append(NewFile(own.size, digest(own.data), name_at))
    graph = graph_section(files, [], content)
    plain = CodedFile(Profile.DEVICE, 0, [graph])
    if plain.size >= file.size:
        return file, report
    return plain, replace(report, size=plain.size, graph_size=len(graph.data), tensors=())


def _quick_size(split: SplitSource) -> int:
    """Return the bytes of all files by quick zstd, a few more than of one frame."""
    compressor = ZstdCompressor(_QUICK_LEVEL).compressobj()
    size = sum(len(compressor.compress(chunk)) for own in split.files for chunk in chunks(own.data))
    return size + len(compressor.flush())

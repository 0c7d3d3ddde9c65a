"""Lossless files without TENSOR sections: the whole model is graph bytes (SPEC.md, "Splices").

zstd of all files together finds what repeats from one tensor to another, or between a tensor and the graph,
which coding each tensor by itself cannot. Models of many near copies, tables and strings are smaller so.
"""

from __future__ import annotations

from dataclasses import replace

from nntc.encoder.container import NewFile, graph_section, write_container
from nntc.encoder.entropy.general import zstd
from nntc.encoder.report import EncodeReport
from nntc.encoder.split import SplitSource
from nntc.encoder.split.content import digest
from nntc.format.container import MAX_SECTION_OUTPUT
from nntc.format.registry import Profile

_SMALL = 1 << 16  # bytes of a model that is always tried: it takes no time
_MEDIUM = 1 << 21
_LARGEST = MAX_SECTION_OUTPUT >> 2
_QUICK_LEVEL = 3
_LIKELY, _POSSIBLE = 1.08, 1.35
"""How much larger than the file with sections quick zstd may be for zstd to be tried in earnest: of large
models, which are mostly weights, and of others."""


def without_sections(split: SplitSource, data: bytes, report: EncodeReport) -> tuple[bytes, EncodeReport]:
    """Return a lossless file, or one without TENSOR sections where that is smaller, and its report.

    Parameters
    ----------
    split
        The open model.
    data, report
        The file with sections.
    """
    size = sum(file.size for file in split.files)
    if not split.payloads or size > _LARGEST:
        return data, report
    content = b"".join(bytes(file.data) for file in split.files)
    slack = _POSSIBLE if size <= _MEDIUM else _LIKELY
    if size > _SMALL and len(zstd(content, _QUICK_LEVEL)) > slack * len(data):
        return data, report
    files = []
    for file in split.files:
        name_at = None if file.name is None else (file.location_offset, file.location_length)
        files.append(NewFile(file.size, digest(file.data), name_at))
    graph = graph_section(files, [], content)
    plain = write_container(Profile.BASELINE, [graph])
    if len(plain) >= len(data):
        return data, report
    return plain, replace(report, size=len(plain), graph_size=len(graph.data), tensors=())

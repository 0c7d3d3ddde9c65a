"""Write header, directory, GRAPH and TABLES sections (SPEC.md)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from nntc.encoder.entropy.general import zstd, zstd_after
from nntc.format import layout as f
from nntc.format import registry as r
from nntc.format.layout import build

_SMALL = 1 << 20  # bytes that the highest level takes no time for
_HIGHEST_LEVEL = 22
_FEW = 256  # bytes of hashes and splices: more of them, mostly splices, get smaller


@dataclass(frozen=True, slots=True)
class NewSection:
    """A section to be written."""

    type: r.SectionType
    data: bytes
    output: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """An output file as GRAPH lists it.

    Parameters
    ----------
    name_at
        Where in the skeleton the file's name stands, and its length; None for the model itself.
    """

    size: int
    sha256: bytes
    name_at: tuple[int, int] | None


def graph_section(
    files: Sequence[NewFile], splices: Sequence[tuple[int, int]], skeleton: bytes, level: int = 19
) -> NewSection:
    """Return the GRAPH section.

    Parameters
    ----------
    splices
        For each the run of skeleton bytes before it and the piece code.
    """
    parts = [build(f.FILE_COUNT, len(files))]
    for file in files:
        parts.append(build(f.FILE, {"size": file.size, "sha256": file.sha256}))
        if file.name_at is not None:
            parts.append(build(f.FILE_NAME, {"offset": file.name_at[0], "length": file.name_at[1]}))
    parts.append(build(f.SPLICE_COUNT, len(splices)))
    parts += [build(f.SPLICE, {"run": run, "piece": piece}) for run, piece in splices]
    head = b"".join(parts)
    return NewSection(r.SectionType.GRAPH, _squeeze(head, skeleton, level), len(head) + len(skeleton))


def _squeeze(head: bytes, skeleton: bytes, level: int) -> bytes:
    """Return the content of GRAPH as a zstd frame."""
    if len(skeleton) > _SMALL:
        return zstd_after(head, skeleton, level) if len(head) <= _FEW else zstd(head + skeleton, level)
    level = max(level, _HIGHEST_LEVEL)
    apart = zstd_after(head, skeleton, level)
    return apart if len(head) <= _FEW else min(apart, zstd(head + skeleton, level), key=len)


def write_container(profile: r.Profile, sections: Sequence[NewSection]) -> bytes:
    """Return a whole file; sections are in the order in which they are to stand."""
    directory = b"".join(
        build(
            f.DIRECTORY_ENTRY,
            {"type": s.type, "length": len(s.data), "output": s.output, "crc": zlib.crc32(s.data)},
        )
        for s in sections
    )
    fields = {
        "signature": r.SIGNATURE,
        "major": r.MAJOR,
        "minor": r.MINOR,
        "reader": 0,
        "profile": profile,
        "section_count": len(sections),
        "directory_length": len(directory),
        "header_crc": 0,
    }
    header = build(f.HEADER, fields)[:-4]
    return b"".join(
        [
            header,
            build(f.U32, zlib.crc32(header)),
            directory,
            build(f.U32, zlib.crc32(directory)),
            *(s.data for s in sections),
        ]
    )

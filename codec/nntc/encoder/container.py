"""Header, directory, GRAPH and TABLES sections, written.

Implements SPEC.md 5, 6.1 and 16 (R-900).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from nntc.encoder.entropy.general import zstd, zstd_after
from nntc.encoder.store import Joined, Stored
from nntc.format.container import ENTRY, HEADER, MAJOR, MINOR, SIGNATURE, Entry, Header, digest_of
from nntc.format.fields import u32
from nntc.format.frames import MAX_WINDOW, frame_window, profile_of_window
from nntc.format.graph import (
    BASE_COUNT,
    BASE_FILE,
    BASE_RANGE,
    FILE,
    FILE_COUNT,
    SPLICE,
    SPLICE_COUNT,
    BaseFile,
    BaseRange,
    File,
    Splice,
)
from nntc.format.registry import Profile, SectionType

_SMALL = 1 << 20  # bytes that the highest level takes no time for
_HIGHEST_LEVEL = 22
_LARGE, _LEVEL_OF_LARGE = 1 << 22, 18
"""Bytes of a graph from which the next level would take 32 MiB more, and make it no smaller."""
_FEW = 256  # bytes of hashes and splices: more of them, mostly splices, get smaller


@dataclass(frozen=True, slots=True)
class NewSection:
    """A section to be written."""

    type: SectionType
    data: bytes | Stored
    output: int

    @property
    def digest(self) -> bytes:
        """Digest of its bytes."""
        return self.data.digest if isinstance(self.data, Stored) else digest_of(self.data)


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


NewSplice = tuple[int, int] | tuple[int, int, BaseRange]
"""A run of skeleton bytes and the piece code after it; for a range of the base its fields."""


def graph_section(
    files: Sequence[NewFile],
    splices: Sequence[NewSplice],
    skeleton: bytes,
    level: int = 19,
    window: int = MAX_WINDOW,
    bases: Sequence[BaseFile] = (),
) -> NewSection:
    """Return the GRAPH section.

    Parameters
    ----------
    splices
        For each the run of skeleton bytes before it and the piece code, and fields of a range of the base.
    level, window
        Of zstd; the window is in bytes, a power of two.
    bases
        The files of the base, for an update.
    """
    fields = bytearray(BASE_COUNT.put(len(bases)))
    for base in bases:
        fields += BASE_FILE.write(base)
    fields += FILE_COUNT.put(len(files))
    for file in files:
        fields += FILE.write(File(file.size, file.sha256, *(file.name_at or (None, None))))
    fields += SPLICE_COUNT.put(len(splices))
    for run, piece, *of_base in splices:
        fields += SPLICE.write(Splice(run, piece))
        for own in of_base:
            fields += BASE_RANGE.write(own)
    head = bytes(fields)
    return NewSection(SectionType.GRAPH, _squeeze(head, skeleton, level, window), len(head) + len(skeleton))


def _squeeze(head: bytes, skeleton: bytes, level: int, window: int) -> bytes:
    """Return the content of GRAPH as a zstd frame."""
    if len(skeleton) > _LARGE:
        level = min(level, _LEVEL_OF_LARGE)
    if len(skeleton) > _SMALL:
        if len(head) <= _FEW:
            return zstd_after(head, skeleton, level, window)
        return zstd(head + skeleton, level, window)
    level = max(level, _HIGHEST_LEVEL)
    apart = zstd_after(head, skeleton, level, window)
    return apart if len(head) <= _FEW else min(apart, zstd(head + skeleton, level, window), key=len)


class CodedFile(Joined):
    """A whole `.nntc` file; its sections may be put aside.

    Parameters
    ----------
    profile
        The first profile that has all coders used; that of GRAPH's window may come after it.
    working_memory
        Bytes that a section-wise decoder needs for the TENSOR sections.
    sections
        In the order in which they are to stand.
    """

    def __init__(self, profile: Profile, working_memory: int, sections: Sequence[NewSection]) -> None:
        graph = next(s.data for s in sections if s.type == SectionType.GRAPH)
        window = frame_window(graph.read() if isinstance(graph, Stored) else graph)
        profile = max(profile, profile_of_window(window))
        self._profile, self._memory, self._sections = profile, working_memory, sections
        entries = [Entry(s.type, len(s.data), s.output, s.digest) for s in sections]
        directory = b"".join(map(ENTRY.write, entries))
        fields = Header(SIGNATURE, MAJOR, MINOR, 0, profile, len(sections), len(directory), working_memory, 0)
        header = HEADER.write(fields)[:-4]
        crcs = (u32().put(zlib.crc32(part)) for part in (header, directory))
        super().__init__([header, next(crcs), directory, next(crcs), *(s.data for s in sections)])

    def with_notes(self, notes: NewSection) -> CodedFile:
        """Return the file with another NOTES section."""
        kept = [section for section in self._sections if section.type != SectionType.NOTES]
        return CodedFile(self._profile, self._memory, [*kept, notes])

    def with_index(self, index: NewSection) -> CodedFile:
        """Return the file with an INDEX section in front of GRAPH."""
        return CodedFile(self._profile, self._memory, [index, *self._sections])

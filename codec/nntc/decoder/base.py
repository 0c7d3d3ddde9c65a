"""The base of an update: bytes of files that are there already, checked against what GRAPH names.

Implements SPEC.md 6.9 (R-216).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from nntc.decoder.graph import Graph
from nntc.errors import FormatError
from nntc.format.graph import BaseFile
from nntc.sources.source import Source, sha256_of


class Base:
    """The base files back to back, read at any place.

    Parameters
    ----------
    files
        In the order of GRAPH.
    """

    def __init__(self, files: Sequence[Source] = ()) -> None:
        self._files = tuple(files)
        self._ends = list(accumulate(file.size for file in files))

    def read(self, start: int, length: int) -> bytes:
        """Return bytes that lie within one file; SourceError where it has changed since it was checked."""
        number = bisect_right(self._ends, start)
        file = self._files[number]
        return file.read(start - (self._ends[number] - file.size), length)


NO_BASE = Base()


def base_of(graph: Graph, candidates: Iterator[Source]) -> Base:
    """Return the base that a graph names, found among candidates by size and SHA-256.

    Candidates are looked at in their order, and none after the last file has been found.

    Raises
    ------
    FormatError
        E_BASE: a file is not among them.
    """
    missing = dict.fromkeys(graph.bases)
    found: dict[BaseFile, Source] = {}
    while missing:
        candidate = next(candidates, None)
        if candidate is None:
            raise FormatError("E_BASE", _what_is_missing(graph, len(found)), graph.offset)
        if any(file.size == candidate.size for file in missing):
            key = BaseFile(candidate.size, sha256_of(candidate))
            if key in missing:
                del missing[key]
                found[key] = candidate
    return Base([found[file] for file in graph.bases])


def _what_is_missing(graph: Graph, found: int) -> str:
    files = graph.bases
    first = f"the file of {files[0].size:,} bytes with SHA-256 {files[0].sha256.hex()}"
    if len(files) > 1:
        first = f"{len(files)} files, {found} of them given, the first {first[4:]}"
    return f"an update: it needs its base, {first}"

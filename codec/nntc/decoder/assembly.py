"""Output files put together from graph bytes and pieces, and hashed.

Implements SPEC.md 9.2 (R-204, R-214, R-215, R-500, R-502).
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from nntc.decoder.graph import Graph
from nntc.decoder.sink import Sink
from nntc.decoder.splices import FRESH
from nntc.errors import FormatError
from nntc.progress import Phase, Progress, Steps

_COPY = 1 << 20
_SMALL, _RECENT = 1 << 12, 256
"""Bytes of pieces that are kept to be repeated, and how many of them."""


class Assembly:
    """Writes output files one after the other and hashes them.

    Parameters
    ----------
    sink
        Where the files go.
    graph
        Their sizes and hashes.
    progress
        Called with events; bytes written are steps.
    """

    def __init__(self, sink: Sink, graph: Graph, progress: Progress | None = None) -> None:
        self._sink, self._files, self._offset = sink, graph.files, graph.offset
        self._ends = list(accumulate(file.size for file in graph.files))
        self._at = 0
        self._steps = Steps(progress, Phase.DECODING, sum(file.size for file in graph.files))
        self._file = -1
        self._digests: list[bytes] = []
        self._hash = hashlib.sha256()
        # Where each piece was written, for those that repeat it.
        self._starts, self._lengths = array("q"), array("q")
        self._roots = array("i")  # the piece whose bytes it has, which is no repetition itself
        self._recent: dict[int, memoryview] = {}  # small pieces by number: there may be a million repetitions
        self._repeated = bytearray(len(graph.splices))
        for origin in graph.splices.origins:
            if origin != FRESH:
                self._repeated[origin] = 1
        self._begin_files()

    @property
    def _left(self) -> int:
        return self._ends[self._file] - self._at if self._file >= 0 else 0

    def _begin_files(self) -> None:
        """Close the current file if it is complete, and any empty ones after it, and begin the next."""
        while not self._left and self._file + 1 < len(self._files):
            self._end_file()
            self._file += 1
            self._hash = hashlib.sha256()
            self._sink.begin(self._files[self._file].name)

    def _end_file(self) -> None:
        if self._file >= 0:
            self._digests.append(self._hash.digest())

    def write(self, data: memoryview, *, again: bool = False) -> None:
        """Write graph bytes, which may go over the end of a file."""
        while data.nbytes:
            self._begin_files()
            if not self._left:
                raise FormatError("E_SPLICE", "more bytes than the files hold", self._offset)
            span = data[: min(self._left, _COPY)]
            self._sink.write(span, again=again)
            self._hash.update(span)
            self._at += span.nbytes
            data = data[span.nbytes :]
            self._steps.step(span.nbytes)

    def write_piece(self, piece: memoryview) -> None:
        """Write a part of a payload, which lies within one file."""
        again = self._note(piece.nbytes)
        self._roots.append(len(self._roots))
        self.write(piece, again=again)

    def copy(self, read: Callable[[int, int], bytes], start: int, length: int) -> None:
        """Write a range of the base, which `read` reads, given place and length: within one file."""
        again = self._note(length)
        self._roots.append(len(self._roots))
        for at in range(start, start + length, _COPY):
            self.write(memoryview(read(at, min(_COPY, start + length - at))), again=again)

    def repeat(self, splice: int) -> None:
        """Write the piece of an earlier splice again."""
        start, length = self._starts[splice], self._lengths[splice]
        again = self._note(length)
        root = self._roots[splice]
        self._roots.append(root)
        known = self._recent.get(root)
        if known is not None:
            self.write(known, again=again)
            return
        file = bisect_right(self._ends, start)
        begin = self._ends[file] - self._files[file].size
        for at in range(start, start + length, _COPY):
            span = min(_COPY, start + length - at)
            data = memoryview(self._sink.reread(file, at - begin, span))
            if span == length <= _SMALL:
                if len(self._recent) == _RECENT:
                    self._recent.clear()
                self._recent[root] = data
            self.write(data, again=again)

    def _note(self, length: int) -> bool:
        """Note where the next piece begins; return whether a later one repeats it."""
        self._begin_files()
        if length > self._left:
            raise FormatError("E_SPLICE", "piece goes over the end of a file", self._offset)
        self._starts.append(self._at)
        self._lengths.append(length)
        return bool(self._repeated[len(self._starts) - 1])

    def finish(self) -> None:
        """Check that every file is complete."""
        self._begin_files()
        if self._left:
            raise FormatError("E_SPLICE", "fewer bytes than the files hold", self._offset)
        self._end_file()

    def check_hashes(self) -> None:
        """Check every file's SHA-256."""
        for file, digest in zip(self._files, self._digests, strict=True):
            if file.sha256 != digest:
                raise FormatError("E_HASH", "decoded file differs from the one that was encoded", 0)

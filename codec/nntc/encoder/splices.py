"""Splices of GRAPH, collected in the order of the output: graph bytes, parts of records, ranges of a base.

Implements SPEC.md 6.2 for encoders.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from nntc.encoder.container import NewSplice
from nntc.encoder.split import SourceFile
from nntc.encoder.update.base import UpdateBase
from nntc.format.graph import BASE_PIECE, BaseRange


class PieceWriter:
    """Collects graph bytes and pieces in the order of the output.

    Parameters
    ----------
    sizes
        Of the output files.
    base_ends
        Where the files of the base end, back to back; None for a file without base.
    """

    def __init__(self, sizes: Iterable[int], base_ends: Sequence[int] | None) -> None:
        self.skeleton = bytearray()
        """Graph bytes."""
        self._has_base = base_ends is not None
        self._splices: list[NewSplice] = []
        self._run = 0
        self._opened = 0
        self._again: dict[int, int] = {}  # by tensor, the splice of its part
        self._ends = list(accumulate(sizes))
        self._at = 0  # in all output files
        self._literals: list[tuple[int, int]] = []  # in the output, and in the skeleton
        self._range: tuple[int, int] | None = None  # where in the base, and to where; not yet a splice
        self._range_end = 0
        self._base_ends = base_ends or ()

    def copy(self, start: int, length: int) -> None:
        """Add a range of the base."""
        if self._range is not None and self._range[1] == start and self._goes_on(start):
            self._range = self._range[0], start + length
        else:
            self._flush()
            self._range = start, start + length
        self._at += length

    def part(self, tensor: int, record: int, length: int) -> None:
        """Add the next part of a record, that of a tensor; records are numbered as they are opened."""
        self._flush()
        self._again[tensor] = len(self._splices)
        code = 0 if record == self._opened else 2 * (self._opened - 1 - record) + 1
        self._opened += record == self._opened
        self._add(code)
        self._at += length

    def repeat(self, tensor: int, length: int) -> None:
        """Add the part of a tensor again."""
        self._flush()
        self._add(2 * (len(self._splices) - self._again[tensor]))
        self._at += length

    def finish(self) -> list[NewSplice]:
        """Return all splices."""
        self._flush()
        return self._splices

    def place(self, offset: int) -> int:
        """Return where in the skeleton a byte of the first file is, which is no range."""
        number = bisect_right(self._literals, (offset, 1 << 62)) - 1
        at, skeleton = self._literals[number]
        return skeleton + offset - at

    def literal(self, data: memoryview) -> None:
        """Add graph bytes as they are."""
        if not data.nbytes:
            return
        self._flush()
        self._literals.append((self._at, len(self.skeleton)))
        self.skeleton += data
        self._run += data.nbytes
        self._at += data.nbytes

    def _add(self, code: int) -> None:
        piece = code + 1 if self._has_base and code else code
        self._splices.append((self._run, piece))
        self._run = 0

    def _flush(self) -> None:
        """Make a splice of the range."""
        if self._range is None:
            return
        start, end = self._range
        fields = BaseRange(start - self._range_end, end - start)
        self._splices.append((self._run, BASE_PIECE, fields))
        self._run, self._range, self._range_end = 0, None, end

    def _goes_on(self, start: int) -> bool:
        """Return whether neither an output file nor one of the base begins here."""
        return self._at not in self._ends and start not in self._base_ends


class SpliceWriter(PieceWriter):
    """Collects what the output files of an encoder are made of; looks graph bytes up in the base.

    Parameters
    ----------
    files
        The output files.
    base
        What ranges may be of.
    """

    def __init__(self, files: Sequence[SourceFile], base: UpdateBase | None) -> None:
        super().__init__((file.size for file in files), None if base is None else base.ends)
        self._files, self._base = files, base

    def graph(self, data: memoryview, before: int | None = None, after: int | None = None) -> None:
        """Add graph bytes; those found in the base become ranges of it, but for names of files.

        Parameters
        ----------
        before, after
            Where in the base the tensor before ends, and the one after begins, if they are there.
        """
        if self._base is None:
            self.literal(data)
            return
        start = self._at
        for part, is_name in self._parts(data):
            if is_name:
                self.literal(part)
                continue
            is_first, is_last = self._at == start, self._at + part.nbytes == start + data.nbytes
            hints = before if is_first else None, after if is_last else None
            for found in self._base.finder.find(part, *hints):
                if found.start is None:
                    self.literal(found.data)
                else:
                    self.copy(found.start, found.data.nbytes)

    def _parts(self, data: memoryview) -> Iterator[tuple[memoryview, bool]]:
        """Yield graph bytes cut at names of files, which must stand in the skeleton."""
        names = []
        start, end = self._at, self._at + data.nbytes
        for file in self._files:
            first, last = file.location_offset, file.location_offset + file.location_length
            if file.name is not None and start <= first and last <= end:
                names.append((first - start, last - start))
        at = 0
        for first, last in sorted(names):
            yield data[at:first], False
            yield data[first:last], True
            at = last
        yield data[at:], False

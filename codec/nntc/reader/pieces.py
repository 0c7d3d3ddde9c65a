"""Pieces of the output files: stretches of graph bytes and of payloads (SPEC.md, 6.2 and 9.2)."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from nntc.decoder.graph import Graph
from nntc.decoder.splices import BASE
from nntc.errors import FormatError


class Piece(NamedTuple):
    """A stretch of an output file.

    Parameters
    ----------
    start, length
        Bytes of the file.
    skeleton
        Where its bytes stand in the graph bytes, or None where they do not.
    section, part
        Number of the TENSOR section, and of the part in it, of a payload part; else -1.
    base
        Where its bytes stand in the base, or None where they do not.
    """

    start: int
    length: int
    skeleton: int | None
    section: int = -1
    part: int = -1
    base: int | None = None


class FilePieces:
    """The pieces of one output file, in order and without gaps.

    Parameters
    ----------
    size
        Bytes of the file.
    graph
        What the pieces are of.
    """

    def __init__(self, size: int, graph: Graph) -> None:
        self.size = size
        self.filled = 0
        self._graph = graph
        self._starts = array("q")
        self._places = array("q")  # position in the graph bytes, or -1 - number of the splice

    @property
    def left(self) -> int:
        """Bytes that are not laid out yet."""
        return self.size - self.filled

    def add(self, length: int, place: int) -> None:
        """Append a piece; empty ones are left out."""
        if length:
            self._starts.append(self.filled)
            self._places.append(place)
            self.filled += length

    def within(self, offset: int, length: int) -> list[Piece]:
        """Return the pieces that overlap a stretch of the file."""
        if not length:
            return []
        first = bisect_right(self._starts, offset) - 1
        last = bisect_right(self._starts, offset + length - 1)
        return [self._piece(number) for number in range(first, last)]

    def at(self, offset: int) -> Piece:
        """Return the piece that has a byte of the file."""
        return self._piece(bisect_right(self._starts, offset) - 1)

    def _piece(self, number: int) -> Piece:
        start, place = self._starts[number], self._places[number]
        length = (self._starts[number + 1] if number + 1 < len(self._starts) else self.size) - start
        if place >= 0:
            return Piece(start, length, place)
        splices, splice = self._graph.splices, -1 - place
        if splices.tensors[splice] == BASE:
            return Piece(start, length, None, base=splices.range(splice)[0])
        return Piece(start, length, None, splices.tensors[splice], splices.parts[splice])


def lay_out(graph: Graph, part_size: Callable[[int, int], int]) -> list[FilePieces]:
    """Return the pieces of every output file.

    Parameters
    ----------
    graph
        Parsed GRAPH content.
    part_size
        Bytes of a part, given the number of the TENSOR section and its own.

    Raises
    ------
    FormatError
        E_SPLICE where pieces and files do not fit together.
    """
    layout = _Layout(graph)
    splices = graph.splices
    for number, run in enumerate(splices.runs):
        layout.add_run(run)
        is_range = splices.tensors[number] == BASE
        own = (
            splices.range(number)[1]
            if is_range
            else part_size(splices.tensors[number], splices.parts[number])
        )
        layout.add_part(own, number)
    layout.add_run(len(graph.skeleton) - layout.position)
    if any(file.left for file in layout.files):
        raise FormatError("E_SPLICE", "fewer bytes than the files hold", graph.offset)
    return layout.files


class _Layout:
    """Fills one file after the other."""

    def __init__(self, graph: Graph) -> None:
        self.files = [FilePieces(file.size, graph) for file in graph.files]
        self.position = 0  # in the graph bytes
        self._number = 0
        self._offset = graph.offset

    def _filling(self) -> FilePieces:
        while not self.files[self._number].left and self._number + 1 < len(self.files):
            self._number += 1
        return self.files[self._number]

    def add_run(self, length: int) -> None:
        """Lay out graph bytes, which may go over the end of a file."""
        while length:
            file = self._filling()
            taken = min(length, file.left)
            if not taken:
                raise FormatError("E_SPLICE", "more bytes than the files hold", self._offset)
            file.add(taken, self.position)
            self.position += taken
            length -= taken

    def add_part(self, length: int, splice: int) -> None:
        """Lay out a payload part, which lies within one file."""
        file = self._filling()
        if length > file.left:
            raise FormatError("E_SPLICE", "payload goes over the end of a file", self._offset)
        file.add(length, -1 - splice)

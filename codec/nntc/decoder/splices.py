"""Splices of GRAPH, each resolved to the piece that it inserts.

Implements SPEC.md 6.2 (R-202, R-207, R-210, R-211).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.graph import BASE_PIECE, BASE_RANGE, SPLICE_COUNT, BaseFile
from nntc.format.varints import VARINT, varints

FRESH = -1
BASE = -1
"""In place of the number of a TENSOR section: a range of the base."""


def _integers() -> array[int]:
    return array("i")


def _places() -> array[int]:
    return array("q")


@dataclass(frozen=True, slots=True, eq=False)
class Splices:
    """For each splice a run of graph bytes and the piece after it; there may be a million of them.

    Parameters
    ----------
    runs
        Graph bytes before the piece.
    tensors, parts
        Number of the TENSOR section and of the part in it; `BASE` and the number of the range.
    origins
        Number of the earlier splice whose bytes these are, or `FRESH`.
    used
        For each TENSOR section how many of its parts are used.
    starts, lengths
        Ranges of the base: where in it they begin, and their bytes.
    """

    runs: array[int] = field(default_factory=_places)
    tensors: array[int] = field(default_factory=_integers)
    parts: array[int] = field(default_factory=_integers)
    origins: array[int] = field(default_factory=_integers)
    used: array[int] = field(default_factory=_integers)
    starts: array[int] = field(default_factory=_places)
    lengths: array[int] = field(default_factory=_places)

    def __len__(self) -> int:
        """Return the number of splices."""
        return len(self.runs)

    def range(self, splice: int) -> tuple[int, int]:
        """Return the place in the base of a splice's range, and its length."""
        number = self.parts[splice]
        return self.starts[number], self.lengths[number]


def read_splices(stream: SectionStream, tensors: int, file_size: int, bases: Sequence[BaseFile]) -> Splices:
    """Parse the splices and resolve each one's piece right after it.

    Parameters
    ----------
    tensors
        Number of TENSOR sections.
    file_size
        Size of the `.nntc` file.
    bases
        The base files.

    Raises
    ------
    FormatError
        E_TRUNCATED, E_VARINT, E_LIMIT, E_SPLICE at GRAPH.
    """
    splices, offset = Splices(), stream.base
    ends = list(accumulate(base.size for base in bases))
    for run, piece in _codes(stream, SPLICE_COUNT.read(stream, size=file_size), is_update=bool(bases)):
        splices.runs.append(run)
        if bases and piece == BASE_PIECE:
            _read_range(stream, splices, ends)
        else:
            _resolve(splices, piece - 1 if bases and piece else piece, tensors, offset)
    if len(splices.used) != tensors:
        raise FormatError("E_SPLICE", "a TENSOR section is not used", offset)
    return splices


def _codes(stream: SectionStream, count: int, *, is_update: bool) -> Iterator[tuple[int, int]]:
    """Yield run and piece of each splice; between two of an update there may be fields of a range."""
    if is_update:
        for _ in range(count):
            yield VARINT.read(stream), VARINT.read(stream)
        return
    for values, _ in varints(stream, 2 * count):
        yield from zip(values[::2].tolist(), values[1::2].tolist(), strict=False)


def _read_range(stream: SectionStream, splices: Splices, ends: Sequence[int]) -> None:
    """Read a range of the base, which lies within one file; `ends` are those of its files."""
    fields = BASE_RANGE.read(stream)
    start = (splices.starts[-1] + splices.lengths[-1] if splices.starts else 0) + fields.offset
    if fields.length == 0 or not is_within_one(ends, start, fields.length):
        raise FormatError("E_SPLICE", "a range lies in no file of the base", stream.base)
    splices.tensors.append(BASE)
    splices.parts.append(len(splices.starts))
    splices.origins.append(FRESH)
    splices.starts.append(start)
    splices.lengths.append(fields.length)


def is_within_one(ends: Sequence[int], start: int, length: int) -> bool:
    """Return whether bytes of files that stand back to back, and end at `ends`, are all in one of them."""
    file = bisect_right(ends, start)
    return start >= 0 and file < len(ends) and start + length <= ends[file]


def _resolve(splices: Splices, piece: int, tensors: int, offset: int) -> None:
    used = splices.used
    distance = (piece + 1) // 2
    origin = FRESH
    if piece == 0:
        if len(used) == tensors:
            raise FormatError("E_SPLICE", "splices open more sections than there are", offset)
        tensor, part = len(used), 0
        used.append(1)
    elif piece % 2:
        if distance > len(used):
            raise FormatError("E_SPLICE", "splice refers to a section before the first", offset)
        tensor = len(used) - distance
        part = used[tensor]
        used[tensor] += 1
    else:
        origin = len(splices.origins) - distance
        if origin < 0:
            raise FormatError("E_SPLICE", "splice refers to one before the first", offset)
        tensor, part = splices.tensors[origin], splices.parts[origin]
    splices.tensors.append(tensor)
    splices.parts.append(part)
    splices.origins.append(origin)

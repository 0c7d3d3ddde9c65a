"""Recipes: what the output files of a `.nntc` file are made of, stretch after stretch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from nntc.decoder.directory import read_directory
from nntc.decoder.graph import OutputFile, graph_of
from nntc.decoder.payloads import read_parse_context
from nntc.decoder.splices import BASE
from nntc.encoder.merge.layers import Coded, read_coded
from nntc.encoder.store import Store
from nntc.errors import FormatError
from nntc.format.graph import BaseFile
from nntc.format.registry import ElementType, Profile
from nntc.limits import NO_LIMITS, Limits
from nntc.sources.source import Source


class Unmergeable(Exception):  # noqa: N818 - nobody sees it: it says that another way is to be taken
    """Files that cannot be merged as they are; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """Graph bytes."""

    data: memoryview

    @property
    def length(self) -> int:
        """Bytes."""
        return self.data.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """A range of the base."""

    start: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a payload."""

    coded: Coded
    number: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """Bytes that only decoding tells: no records make them in one file.

    Parameters
    ----------
    element
        What they are elements of, where that is known; bytes else.
    """

    length: int
    element: ElementType = ElementType.OPAQUE1


Stretch = Literal | Range | Part | Lost


class Recipe:
    """Output files as stretches.

    Parameters
    ----------
    bases
        What the file needs beside it.
    files
        The output files; together they are as long as the stretches.
    stretches
        In the order of the output. One that stands several times is the same object.
    profile
        What a decoder must have.
    extras
        Types of ignorable sections that there are.
    """

    def __init__(
        self,
        bases: Sequence[BaseFile],
        files: Sequence[OutputFile],
        stretches: Sequence[Stretch],
        profile: Profile = Profile.DEVICE,
        extras: frozenset[int] = frozenset(),
    ) -> None:
        self.bases, self.files, self.stretches = bases, files, stretches
        self.profile, self.extras = profile, extras
        self.ends = list(accumulate(stretch.length for stretch in stretches))
        self.starts = dict[BaseFile, int]()
        """Where in the output each file begins, by what a base of it would be called."""
        for file, end in zip(files, accumulate(file.size for file in files), strict=True):
            self.starts.setdefault(BaseFile(file.size, file.sha256), end - file.size)

    def expand(self, start: int, length: int) -> Iterator[Stretch]:
        """Yield what bytes of the output are made of; a stretch that is cut is another one."""
        number, end = bisect_right(self.ends, start), start + length
        while start < end:
            stretch, begin = self.stretches[number], self.ends[number] - self.stretches[number].length
            stop = min(end, self.ends[number])
            yield _cut(stretch, start - begin, stop - start)
            start, number = stop, number + 1


def _cut(stretch: Stretch, at: int, length: int) -> Stretch:
    """Return a part of a stretch."""
    if length == stretch.length:
        return stretch
    if isinstance(stretch, Literal):
        return Literal(stretch.data[at : at + length])
    if isinstance(stretch, Range):
        return Range(stretch.start + at, length)
    element = stretch.element if isinstance(stretch, Lost) else stretch.coded.element
    return Lost(length, element)


def read_recipe(source: Source, store: Store, limits: Limits = NO_LIMITS) -> Recipe:
    """Read and check a `.nntc` file but for what only decoding tells.

    Parameters
    ----------
    source
        The file.
    store
        Where records are put aside.
    limits
        What it may take.

    Raises
    ------
    FormatError
        It is at fault.
    """
    directory = read_directory(source, limits.memory)
    graph = graph_of(source, directory)
    limits.check("files", len(graph.files), "files are written")
    context = read_parse_context(source, directory, graph.bases)
    coded = [read_coded(source, section, context, store) for section in directory.tensors]
    splices = graph.splices
    for own, used, section in zip(coded, splices.used, directory.tensors, strict=True):
        if len(own.parts) != used:
            raise FormatError("E_SPLICE", "splices use another number of parts", section.offset)
    stretches: list[Stretch] = []
    parts = [[Part(own, number, size) for number, size in enumerate(own.parts)] for own in coded]
    ranges = [Range(*pair) for pair in zip(splices.starts, splices.lengths, strict=True)]
    at = 0
    for number, run in enumerate(splices.runs):
        if run:
            stretches.append(Literal(graph.skeleton[at : at + run]))
            at += run
        tensor, part = splices.tensors[number], splices.parts[number]
        stretches.append(ranges[part] if tensor == BASE else parts[tensor][part])
    if at < len(graph.skeleton):
        stretches.append(Literal(graph.skeleton[at:]))
    extras = frozenset(section.type for section in directory.others)
    recipe = Recipe(graph.bases, graph.files, stretches, directory.profile, extras)
    if (recipe.ends[-1] if recipe.ends else 0) != graph.size:
        raise FormatError("E_SPLICE", "fewer or more bytes than the files hold", graph.offset)
    return recipe

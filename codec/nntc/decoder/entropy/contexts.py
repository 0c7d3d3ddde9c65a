"""rANS runs as parsed: tables, lanes, and the class lists that contexts are made of.

Class lists are runs of their own, under any coder; they are decoded before the run that they belong to.

Implements SPEC.md 8.6 (R-451).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.runs import ByteRun, RunRequest, Tokens, plain
from nntc.decoder.entropy.streams import RansStream
from nntc.decoder.entropy.tables import read_tables
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.memory import rans_memory
from nntc.format.rans import CLASS_PRESENT, MAX_CONTEXTS, RANS_HEAD, RANS_LANES, SHARED_BASE, RansMode
from nntc.format.registry import Coder, ViewKind
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class ClassList:
    """Class numbers of rows, channels or positions; all zero where `run` is None."""

    count: int
    run: TokenRun | None
    offset: int

    def check(self, tokens: Tokens | FormatError) -> NDArray[np.uint8]:
        """Return the decoded tokens of `run`, each below 64; E_RANGE for others."""
        if isinstance(tokens, FormatError):
            raise tokens
        classes = plain(tokens)
        if classes.max() >= MAX_CONTEXTS:
            raise FormatError("E_RANGE", "class number is too large", self.offset)
        return classes


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Separable contexts: row class + channel class + position class, capped."""

    count: int
    view: View
    lists: tuple[ClassList, ...]

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs of the class lists that have one, in stored order."""
        return [c.run for c in self.lists if c.run is not None]

    def of_elements(self, tokens: Iterator[Tokens | FormatError]) -> NDArray[np.uint8]:
        """Return the context of every element in coded order, uint8 [elements], from the decoded `runs`."""
        rows, *columns = [
            np.zeros(c.count, np.uint8) if c.run is None else c.check(next(tokens)) for c in self.lists
        ]
        if columns:
            of_column = (columns[0][:, None] + columns[1][None, :]).ravel()
            sums = (rows[:, None] + of_column[None, :]).ravel()
        else:
            sums = np.repeat(rows, self.view.lengths)
        if sum(int(part.max()) for part in (rows, *columns)) >= self.count:
            np.minimum(sums, np.uint8(self.count - 1), out=sums)
        return sums


@dataclass(frozen=True, slots=True, eq=False)
class RansRun:
    """A parsed rANS run: its stream, still without contexts, and the class lists that tell them.

    Parameters
    ----------
    shared_at
        Where in the file the number of its first shared table begins and ends; None where its tables are its
        own. Whoever moves the record to a file with other shared tables writes another number there.
    """

    parsed: RansStream
    contexts: Contexts | None
    shared_at: tuple[int, int] | None = None

    coder: ClassVar = Coder.RANS

    @property
    def memory(self) -> int:
        """Bytes of working memory that it needs, class lists included."""
        own = rans_memory(self.parsed.used, self.parsed.lanes, self.parsed.segment, self.parsed.count)
        lists = () if self.contexts is None else self.contexts.lists
        return own + sum(one.count + one.run.memory for one in lists if one.run is not None)

    @property
    def class_runs(self) -> Sequence[TokenRun]:
        """Runs of the class lists, in stored order."""
        return () if self.contexts is None else self.contexts.runs

    def stream(self, classes: Iterator[Tokens | FormatError]) -> RansStream:
        """Return what the lockstep decoder takes, from what `class_runs` decoded to.

        Raises
        ------
        FormatError
            The fault of the first class list that has one, or E_RANGE for a class that is too large.
        """
        if self.contexts is None:
            return self.parsed
        return replace(self.parsed, contexts=self.contexts.of_elements(classes))


TokenRun = ByteRun | RansRun
BlockReader = Callable[[SectionStream, RunRequest], TokenRun]


def read_rans(stream: SectionStream, request: RunRequest, read_block: BlockReader) -> RansRun:
    """Parse rANS symbol data; `read_block` parses a class list, coder byte included."""
    offset = stream.at()
    view, context, trellis = request.view, request.context, request.trellis
    head = RANS_HEAD.read(stream, view=view)
    contexts = None
    if head.context_count is not None and view is not None:
        counts = [view.rows] if view.kind is ViewKind.RAGGED else [view.rows, view.channels, view.period]
        requests = [RunRequest(n, context) for n in counts]
        lists = tuple(_read_classes(stream, r, read_block) for r in requests)
        contexts = Contexts(head.context_count, view, lists)
    needed = (head.context_count or 1) * (2 if trellis else 1)
    base = 0
    tables, shared_at = context.shared, None
    if RansMode.SHARED_TABLES in head.mode:
        begin = stream.at()
        base = SHARED_BASE.read(stream, needed=needed, shared=len(tables))
        shared_at = begin, stream.at()
    else:
        tables = read_tables(stream, needed)
    lanes = RANS_LANES.read(stream, count=request.count, segment=request.segment)
    states, words = np.frombuffer(lanes.states, "<u4"), np.frombuffer(lanes.word_data, "<u2")
    # A segment longer than the run is as long as the run; idle steps would only cost time.
    segment = min(request.segment, request.count)
    parsed = RansStream(request.count, segment, trellis, tables, base, needed, None, states, words, offset)
    return RansRun(parsed, contexts, shared_at)


def _read_classes(stream: SectionStream, request: RunRequest, read_block: BlockReader) -> ClassList:
    offset = stream.at()
    run = read_block(stream, request) if CLASS_PRESENT.read(stream) else None
    return ClassList(request.count, run, offset)

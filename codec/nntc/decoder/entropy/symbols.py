"""Symbol data: runs of tokens 0..255 under any coder.

Parsing reads a run's fields and payload and decodes nothing, so that a record is known to be well formed
before any token is decoded, and so that rANS runs of many tensors can be decoded together.

Implements SPEC.md 8.2 to 8.6 and 9.4 (R-014, R-420, R-451).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.general import unbzip2, unzstd
from nntc.decoder.entropy.huffman import HuffmanRun, read_huffman
from nntc.decoder.entropy.rans import decode_streams
from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.errors import FormatError
from nntc.format.bits import packed_size, padding_is_zero, unpack
from nntc.format.fields import SectionStream
from nntc.format.rans import CLASS_PRESENT, MAX_CONTEXTS, RANS_HEAD, RANS_LANES, SHARED_BASE, RansMode
from nntc.format.registry import Coder, Profile, ViewKind
from nntc.format.symbols import CODER, LENGTH, PACKED_WIDTH
from nntc.format.tables import FrequencyTable, read_tables
from nntc.format.trellis import Trellis
from nntc.format.view import View

_SPAN = 1 << 16  # packed tokens unpacked at once


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What a record's parser needs to know from outside the record."""

    profile: Profile
    shared: Sequence[FrequencyTable]


@dataclass(frozen=True, slots=True, eq=False)
class ByteRun:
    """Tokens under a coder that numpy or a library decodes at once: packed, zstd or bzip2."""

    coder: Coder
    count: int
    width: int
    data: bytes
    offset: int

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]."""
        if self.coder is Coder.PACKED:
            if not padding_is_zero(self.data, self.count, self.width):
                raise FormatError("E_PADDING", "padding bits are not zero", self.offset)
            if self.width == 8:
                return np.frombuffer(self.data, np.uint8)
            tokens = np.empty(self.count, np.uint8)
            for start in range(0, self.count, _SPAN):
                span = tokens[start : start + _SPAN]
                span[:] = unpack(self.data, span.size, self.width, start * self.width)
            return tokens
        decompress = unzstd if self.coder is Coder.ZSTD else unbzip2
        return np.frombuffer(decompress(self.data, self.count, self.offset), np.uint8)


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
    """A parsed rANS run; `stream` turns it into what the lockstep decoder takes."""

    count: int
    segment: int
    trellis: Trellis
    tables: Sequence[FrequencyTable]
    base: int
    used: int
    contexts: Contexts | None
    states: NDArray[np.uint32]
    words: NDArray[np.uint16]
    offset: int

    def stream(self, contexts: NDArray[np.uint8] | None) -> RansStream:
        """Return the stream, given the context of every token."""
        return RansStream(
            self.count,
            self.segment,
            self.trellis,
            self.tables,
            self.base,
            self.used,
            contexts,
            self.states,
            self.words,
            self.offset,
        )


TokenRun = ByteRun | HuffmanRun | RansRun
Tokens = NDArray[np.uint8] | DependentTokens


def plain(tokens: Tokens) -> NDArray[np.uint8]:
    """Return tokens that were decoded without trellis."""
    if isinstance(tokens, DependentTokens):
        raise TypeError("tokens under a trellis")
    return tokens


def decode_runs(runs: Sequence[TokenRun]) -> list[Tokens | FormatError]:
    """Decode runs, rANS ones in lockstep; a run that is at fault gives its error instead of tokens."""
    lists = [list_run for run in runs for list_run in _class_runs(run)]
    classes = iter(decode_runs(lists)) if lists else iter(())
    results: list[Tokens | FormatError | None] = [None] * len(runs)
    streams: list[RansStream] = []
    places: list[int] = []
    for i, run in enumerate(runs):
        own = iter([next(classes) for _ in _class_runs(run)])
        try:
            if isinstance(run, RansRun):
                streams.append(run.stream(None if run.contexts is None else run.contexts.of_elements(own)))
                places.append(i)
            else:
                results[i] = run.decode()
        except FormatError as e:
            results[i] = e
    for i, result in zip(places, decode_streams(streams), strict=True):
        results[i] = result
    return [r for r in results if r is not None]


def _class_runs(run: TokenRun) -> list[TokenRun]:
    return run.contexts.runs if isinstance(run, RansRun) and run.contexts is not None else []


def read_symbol_block(stream: SectionStream, count: int, context: ParseContext) -> TokenRun:
    """Parse a coder byte and its symbol data, `count` tokens without contexts."""
    coder = CODER.read(stream)
    return read_symbol_data(stream, coder, count, context)


def read_symbol_data(
    stream: SectionStream,
    coder: Coder,
    count: int,
    context: ParseContext,
    *,
    view: View | None = None,
    trellis: Trellis = Trellis.NONE,
    segment: int = 1,
) -> TokenRun:
    """Parse symbol data of `count` >= 1 tokens.

    Parameters
    ----------
    stream
        The section, at the first byte of the symbol data.
    coder
        What the byte before says.
    count
        Number of tokens.
    context
        Profile and shared tables.
    view
        The tensor's view where the run codes all its elements, so that contexts may be used.
    trellis, segment
        Trellis code and segment length, for rANS.
    """
    offset = stream.at()
    if coder is Coder.PACKED:
        width = PACKED_WIDTH.read(stream)
        return ByteRun(coder, count, width, stream.take(packed_size(count, width), "packed tokens"), offset)
    if coder is Coder.HUFFMAN:
        return read_huffman(stream, count)
    if coder is Coder.RANS:
        return _read_rans(stream, count, context, view, trellis, segment)
    return ByteRun(coder, count, 8, stream.take(LENGTH.read(stream), "compressed tokens"), offset)


def _read_rans(
    stream: SectionStream,
    count: int,
    context: ParseContext,
    view: View | None,
    trellis: Trellis,
    segment: int,
) -> RansRun:
    offset = stream.at()
    head = RANS_HEAD.read(stream, profile=context.profile, view=view)
    contexts = None
    if head.context_count is not None and view is not None:
        counts = [view.rows] if view.kind is ViewKind.RAGGED else [view.rows, view.channels, view.period]
        lists = tuple(_read_classes(stream, n, context) for n in counts)
        contexts = Contexts(head.context_count, view, lists)
    needed = (head.context_count or 1) * (2 if trellis else 1)
    base = 0
    tables = context.shared
    if RansMode.SHARED_TABLES in head.mode:
        base = SHARED_BASE.read(stream, needed=needed, shared=len(tables))
    else:
        tables = read_tables(stream, needed)
    lanes = RANS_LANES.read(stream, count=count, segment=segment)
    states, words = np.frombuffer(lanes.states, "<u4"), np.frombuffer(lanes.word_data, "<u2")
    # A segment longer than the run is as long as the run; idle steps would only cost time.
    own = min(segment, count)
    return RansRun(count, own, trellis, tables, base, needed, contexts, states, words, offset)


def _read_classes(stream: SectionStream, count: int, context: ParseContext) -> ClassList:
    offset = stream.at()
    run = read_symbol_block(stream, count, context) if CLASS_PRESENT.read(stream) else None
    return ClassList(count, run, offset)

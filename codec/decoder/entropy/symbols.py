"""Symbol data: runs of tokens 0..255 under any coder (SPEC.md, "Symbol data").

Parsing reads a run's fields and payload and decodes nothing, so that a record is known to be well formed
before any token is decoded, and so that rANS runs of many tensors can be decoded together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.general import unbzip2, unzstd
from codec.decoder.entropy.huffman import HuffmanRun, read_huffman
from codec.decoder.entropy.rans import RansStream, decode_streams
from codec.decoder.entropy.tables import FrequencyTable, read_tables
from codec.errors import FormatError
from codec.format import layout as f
from codec.format.bits import packed_size, padding_is_zero, unpack
from codec.format.layout import SectionStream, parse
from codec.format.registry import MAX_CONTEXTS, MAX_STEPS, STATE_LOW, Coder, Profile, ViewKind
from codec.format.view import View


@dataclass(frozen=True, slots=True)
class Surroundings:
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
            return unpack(self.data, self.count, self.width).astype(np.uint8)
        decompress = unzstd if self.coder is Coder.ZSTD else unbzip2
        return np.frombuffer(decompress(self.data, self.count, self.offset), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class ClassList:
    """Class numbers of rows, channels or positions; all zero where `run` is None."""

    count: int
    run: TokenRun | None
    offset: int

    def decode(self) -> NDArray[np.uint8]:
        """Return uint8 [count], each below 64; E_RANGE for others."""
        if self.run is None:
            return np.zeros(self.count, np.uint8)
        classes = decode_run(self.run)
        if classes.max() >= MAX_CONTEXTS:
            raise FormatError("E_RANGE", "class number is too large", self.offset)
        return classes


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Separable contexts: row class + channel class + position class, capped."""

    count: int
    view: View
    rows: ClassList
    channels: ClassList | None
    positions: ClassList | None

    def decode(self) -> NDArray[np.uint8]:
        """Return the context of every element in coded order, uint8 [elements]."""
        rows = self.rows.decode()
        if self.channels is None or self.positions is None:
            sums = np.repeat(rows, self.view.lengths)
        else:
            columns = (self.channels.decode()[:, None] + self.positions.decode()[None, :]).ravel()
            sums = (rows[:, None] + columns[None, :]).ravel()
        return np.minimum(sums, np.uint8(self.count - 1), out=sums)


@dataclass(frozen=True, slots=True, eq=False)
class RansRun:
    """A parsed rANS run; `stream` turns it into what the lockstep decoder takes."""

    count: int
    segment: int
    trellis: int
    tables: Sequence[FrequencyTable]
    base: int
    contexts: Contexts | None
    states: NDArray[np.uint32]
    words: NDArray[np.uint16]
    offset: int

    def stream(self) -> RansStream:
        """Decode the class lists and return the stream."""
        contexts = None if self.contexts is None else self.contexts.decode()
        return RansStream(
            self.count, self.segment, self.trellis, self.tables, self.base, contexts, self.states, self.words, self.offset
        )


TokenRun = ByteRun | HuffmanRun | RansRun
Tokens = NDArray[Any]


def decode_runs(runs: Sequence[TokenRun]) -> list[Tokens | FormatError]:
    """Decode runs, rANS ones in lockstep; a run that is at fault gives its error instead of tokens."""
    results: list[Tokens | FormatError | None] = [None] * len(runs)
    streams: list[tuple[int, RansStream]] = []
    for i, run in enumerate(runs):
        try:
            if isinstance(run, RansRun):
                streams.append((i, run.stream()))
            else:
                results[i] = run.decode()
        except FormatError as e:
            results[i] = e
    for (i, _), result in zip(streams, decode_streams([s for _, s in streams]), strict=True):
        results[i] = result
    return [r for r in results if r is not None]


def decode_run(run: TokenRun) -> Tokens:
    """Decode one run, or raise what is wrong with it."""
    result = decode_runs([run])[0]
    if isinstance(result, FormatError):
        raise result
    return result


def read_symbol_block(stream: SectionStream, count: int, around: Surroundings) -> TokenRun:
    """Parse a coder byte and its symbol data, `count` tokens without contexts."""
    coder = Coder(parse(f.CODER, stream))
    return read_symbol_data(stream, coder, count, around)


def read_symbol_data(
    stream: SectionStream,
    coder: Coder,
    count: int,
    around: Surroundings,
    *,
    view: View | None = None,
    trellis: int = 0,
    segment: int = 1,
) -> TokenRun:
    """Parse symbol data of `count` >= 1 tokens.

    Parameters
    ----------
    view
        The tensor's view where the run codes all its elements, so that contexts may be used.
    trellis, segment
        Trellis code and segment length, for rANS.
    """
    offset = stream.at()
    if coder is Coder.PACKED:
        width = parse(f.PACKED_WIDTH, stream)
        return ByteRun(coder, count, width, stream.take(packed_size(count, width), "packed tokens"), offset)
    if coder is Coder.HUFFMAN:
        return read_huffman(stream, count)
    if coder is Coder.RANS:
        return _read_rans(stream, count, around, view, trellis, segment)
    return ByteRun(coder, count, 8, stream.take(parse(f.VARINT, stream), "compressed tokens"), offset)


def _read_rans(
    stream: SectionStream, count: int, around: Surroundings, view: View | None, trellis: int, segment: int
) -> RansRun:
    offset = stream.at()
    mode = parse(f.RANS_MODE, stream)
    contexts = None
    context_count = 1
    if mode & 1:
        if around.profile is Profile.BASELINE:
            raise FormatError("E_PROFILE", "contexts need profile Main", offset)
        if view is None:
            raise FormatError("E_VIEW", "contexts where there is no view", offset)
        context_count = parse(f.CONTEXT_COUNT, stream)
        rows = _read_classes(stream, view.rows, around)
        channels = positions = None
        if view.kind is not ViewKind.RAGGED:
            channels = _read_classes(stream, view.channels, around)
            positions = _read_classes(stream, view.period, around)
        contexts = Contexts(context_count, view, rows, channels, positions)
    needed = context_count * (2 if trellis else 1)
    base = 0
    tables = around.shared
    at = stream.at()
    if mode & 2:
        base = parse(f.VARINT, stream)
        if base + needed > len(tables):
            raise FormatError("E_TABLE", "no such shared table", at)
    else:
        tables = read_tables(stream, needed)
    at = stream.at()
    lanes = parse(f.LANES, stream)
    segments = -(-count // segment)
    if lanes > segments or segment * -(-segments // lanes) > MAX_STEPS:
        raise FormatError("E_LIMIT", "lane count does not fit the token count", at)
    words = parse(f.VARINT, stream)
    at = stream.at()
    states = np.frombuffer(stream.take(4 * lanes, "rANS states"), "<u4")
    if states.min() < STATE_LOW:
        raise FormatError("E_ENTROPY", "rANS state is too small", at)
    data = np.frombuffer(stream.take(2 * words, "rANS words"), "<u2")
    return RansRun(count, segment, trellis, tables, base, contexts, states, data, offset)


def _read_classes(stream: SectionStream, count: int, around: Surroundings) -> ClassList:
    offset = stream.at()
    run = read_symbol_block(stream, count, around) if parse(f.CLASS_PRESENT, stream) else None
    return ClassList(count, run, offset)

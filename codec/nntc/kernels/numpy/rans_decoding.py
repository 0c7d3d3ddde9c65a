"""Interleaved rANS, many streams in lockstep.

A numpy step costs about the same for ten lanes as for a thousand, and a small tensor has few lanes.
So one step here advances every lane of every stream given: lanes stand side by side, each stream keeps
its own word pointer, and lanes that have nothing left to decode idle on a table whose only symbol has
probability one, which leaves their state alone. Streams are still decodable one by one.

Implements SPEC.md 9.4 (R-511).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.format.rans import FREQUENCY_BITS, FREQUENCY_TOTAL, STATE_LOW
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.kernels.numpy.decoding_tables import ENTRY_FREQUENCY, decoding_tables
from nntc.kernels.numpy.quantizers import Quantizers

LOCKSTEP_TOKENS = 1 << 24
"""Most tokens decoded together, unless one stream alone is longer: bounds working memory."""
LOCKSTEP_TABLES, LOCKSTEP_ENTRIES = 1024, 1 << 16
"""Most tables, and frequencies of them all, that a group has: they are numbered in 16 bits."""
LOCKSTEP_SLACK = 1 << 20
"""Padding allowed in a group beyond its own size, in tokens."""
_GROUPED = Trellis.EIGHT_STATES, Trellis.FOUR_STATES, Trellis.MANY_STATES
"""Machines in the order of their groups."""
_CHUNK = 16  # steps prepared at once: what they need stays in cache
_SPAN = 1 << 16  # tokens looked up at once

# 32-bit lanes keep a step's arrays in the first-level cache; constants of their type keep them so.
_SHIFT = np.uint32(FREQUENCY_BITS)
_LOW = np.uint32(FREQUENCY_TOTAL - 1)
_FREQUENCY = np.uint32(ENTRY_FREQUENCY)
_STATE_LOW = np.uint32(STATE_LOW)
_WORD = np.uint32(16)
_IDLE = [FrequencyTable(0, np.array([FREQUENCY_TOTAL]))] * 2
"""Tables 0 and 1 of every group: those of idle lanes, under either quantizer."""


def decode_rans(streams: Sequence[RansStream]) -> list[NDArray[np.uint8] | DependentTokens | None]:
    """Decode rANS streams in lockstep; as `nntc.kernels.decoding.decode_rans`."""
    results: dict[int, NDArray[np.uint8] | DependentTokens | None] = {}
    for group in _groups(streams):
        lockstep = _Lockstep([streams[i] for i in group])
        lockstep.run()
        for i, is_valid, tokens in zip(group, lockstep.are_valid(), lockstep.tokens(), strict=True):
            results[i] = tokens if is_valid else None
    return [results[i] for i in range(len(streams))]


def _groups(streams: Sequence[RansStream]) -> Iterator[list[int]]:
    """Yield groups of stream numbers, longest lanes first, so that padding all to the first stays small.

    Each machine but that of eight states has groups of its own; streams without trellis go with any.
    """
    group: list[int] = []
    tokens = lanes = steps = 0
    spans: Spans = {}
    machines = [Trellis.EIGHT_STATES if s.trellis is Trellis.NONE else s.trellis for s in streams]
    order = sorted(range(len(streams)), key=lambda i: (_GROUPED.index(machines[i]), -streams[i].steps))
    for i in order:
        s = streams[i]
        tokens += s.steps * s.lanes
        lanes += s.lanes
        spans = _with_tables(spans, s)
        padded = steps * lanes
        if group and (
            padded > min(LOCKSTEP_TOKENS, 2 * tokens + LOCKSTEP_SLACK)
            or not _has_few_tables(spans)
            or machines[i] is not machines[group[0]]
        ):
            yield group
            group, spans = [], _with_tables({}, s)
            tokens, lanes = s.steps * s.lanes, s.lanes
        if not group:
            steps = s.steps
        group.append(i)
    if group:
        yield group


Spans = dict[int, tuple[Sequence[FrequencyTable], int, int]]
"""By identity, sequences of tables that streams share, and which stretch of each is used."""


def _with_tables(spans: Spans, stream: RansStream) -> Spans:
    """Return `spans` with the tables of one more stream."""
    start, end = stream.base, stream.base + stream.used
    if id(stream.tables) in spans:
        _, first, last = spans[id(stream.tables)]
        start, end = min(start, first), max(end, last)
    return {**spans, id(stream.tables): (stream.tables, start, end)}


def _has_few_tables(spans: Spans) -> bool:
    count = sum(end - start for _, start, end in spans.values())
    if count > LOCKSTEP_TABLES:
        return False
    if count <= (LOCKSTEP_ENTRIES >> 8) - len(_IDLE):  # each has 256 frequencies at most
        return True
    entries = sum(table.frequencies.size for own, start, end in spans.values() for table in own[start:end])
    return entries <= LOCKSTEP_ENTRIES - len(_IDLE)


class _Lockstep:
    """A group of streams side by side: arrays [steps, lanes of all], one row decoded at a time."""

    def __init__(self, streams: list[RansStream]) -> None:
        self.streams = streams
        self.lanes = np.array([s.lanes for s in streams])
        self.bounds = np.cumsum([0, *self.lanes])
        self.states = np.concatenate([s.states for s in streams])
        sizes = np.array([s.words.size for s in streams])
        self.word_ends = np.cumsum(sizes)
        self.pointers = self.word_ends - sizes
        # A spare word: a stream that overruns reads its neighbour's words or this, and is found at the end.
        self.words = np.concatenate([*(s.words for s in streams), np.zeros(1, np.uint16)])
        self.shape = (streams[0].steps, self.states.size)
        self.trellis = max(s.trellis for s in streams)
        self._lay_out_tables()
        self.entries = np.empty(self.shape, self.tables.slots.dtype)

    def _lay_out_tables(self) -> None:
        """Make the decoding tables, and find the table number for each step and lane."""
        spans: Spans = {}
        for s in self.streams:
            spans = _with_tables(spans, s)
        tables = list(_IDLE)
        places: dict[int, int] = {}
        for key, (shared, start, end) in spans.items():
            places[key] = len(tables) - start
            tables += shared[start:end]
        self.tables = decoding_tables(tables)
        self.bases = [places[id(s.tables)] + s.base for s in self.streams]
        kind = np.min_scalar_type(len(tables) - 1)
        self.numbers = np.zeros(self.shape, kind)
        for s, base, span in zip(self.streams, self.bases, self._spans(), strict=True):
            own = np.zeros(s.steps * s.lanes, kind)
            if s.contexts is not None:
                np.multiply(s.contexts, np.uint8(2 if s.trellis else 1), out=own[: s.count])
            own[: s.count] += kind.type(base)
            # Put in order first, then beside the other streams: one pass would write across many pages.
            steps = np.ascontiguousarray(own.reshape(s.rounds, s.lanes, s.segment).transpose(0, 2, 1))
            self.numbers[: s.steps, span] = steps.reshape(s.steps, s.lanes)

    def _spans(self) -> list[slice]:
        """Return which lanes are whose."""
        return [slice(a, b) for a, b in pairwise(self.bounds.tolist())]

    def run(self) -> None:
        """Decode every step."""
        x, words, pointers, bounds = self.states, self.words, self.pointers, self.bounds
        tables = self.tables
        lanes = x.size
        slot, part, entry = np.empty((3, lanes), np.uint32)
        index = np.empty(lanes, np.intp)
        low = np.empty(lanes, np.bool_)
        ranks = np.arange(lanes)
        spans = self._spans()
        restarts = self._restarts()
        quantizers = Quantizers(lanes, self.trellis, FREQUENCY_TOTAL)
        has_parity = np.repeat([FREQUENCY_TOTAL * bool(s.trellis) for s in self.streams], self.lanes)
        parity_mask = has_parity.astype(np.uint32)
        buffer = np.empty((_CHUNK, lanes), np.uint32)
        for chunk in range(0, self.shape[0], _CHUNK):
            numbers = buffer[: self.shape[0] - chunk]
            numbers[...] = self.numbers[chunk : chunk + _CHUNK]
            numbers <<= _SHIFT
            for step, number in enumerate(numbers, chunk):
                np.bitwise_and(x, _LOW, out=slot)
                np.add(number, slot, out=number)
                if self.trellis:
                    for i in restarts.get(step, ()):
                        quantizers.restart(spans[i])
                    np.add(number, quantizers.bits, out=number)
                index[...] = number
                row = self.entries[step]
                tables.slots.take(index, out=row, mode="clip")
                index[...] = row
                tables.entries.take(index, out=entry, mode="clip")
                if self.trellis:
                    np.bitwise_and(entry, parity_mask, out=part)
                    quantizers.advance(part)
                # x = frequency * (x >> 12) + slot - start
                np.right_shift(x, _SHIFT, out=x)
                np.right_shift(entry, _FREQUENCY, out=part)
                np.multiply(x, part, out=x)
                np.add(x, slot, out=x)
                np.bitwise_and(entry, _LOW, out=part)
                np.subtract(x, part, out=x)
                # Lanes below 2**16 take a word each, in lane order, every stream from its own pointer.
                np.less(x, _STATE_LOW, out=low)
                empty = low.nonzero()[0]
                first = empty.searchsorted(bounds)
                counts = first[1:] - first[:-1]
                position = (pointers - first[:-1]).repeat(counts)
                position += ranks[: empty.size]
                pointers += counts
                refilled = x.take(empty)
                refilled <<= _WORD
                refilled |= words.take(position, mode="clip")
                x[empty] = refilled

    def _restarts(self) -> dict[int, list[int]]:
        """Return at which steps which streams' trellises start anew."""
        restarts: dict[int, list[int]] = {}
        for i, s in enumerate(self.streams):
            if s.trellis:
                for step in range(0, s.steps, s.segment):
                    restarts.setdefault(step, []).append(i)
        return restarts

    def are_valid(self) -> list[bool]:
        """Whether each stream ended with every word used and every lane in the initial encoder state."""
        full = self.pointers == self.word_ends
        home = np.logical_and.reduceat(self.states == STATE_LOW, self.bounds[:-1])
        return [bool(v) for v in full & home]

    def tokens(self) -> Iterator[NDArray[np.uint8] | DependentTokens]:
        """Yield each stream's tokens in coded order."""
        tables = self.tables
        for s, base, span in zip(self.streams, self.bases, self._spans(), strict=True):
            found = self.entries[: s.steps, span]
            if s.trellis:
                own = slice(*tables.firsts[[base, base + s.used]].tolist())
                sizes = np.diff(tables.firsts[base : base + s.used + 1])
                quantizers = np.repeat(np.arange(s.used, dtype=np.uint8) & 1, sizes)
                rows = found.reshape(s.rounds, s.segment, s.lanes).transpose(0, 2, 1)
                yield DependentTokens(rows, s.count, own.start, tables.tokens[own], quantizers)
            else:
                tokens = np.empty(found.shape, np.uint8)
                block = max(1, _SPAN // s.lanes)
                for step in range(0, s.steps, block):
                    tokens[step : step + block] = tables.tokens.take(found[step : step + block])
                yield tokens.reshape(-1)[: s.count]

"""Interleaved rANS, many streams in lockstep (SPEC.md, "rANS").

A numpy step costs about the same for ten lanes as for a thousand, and a small tensor has few lanes.
So one step here advances every lane of every stream given: lanes stand side by side, each stream keeps
its own word pointer, and lanes that have nothing left to decode idle on a table whose only symbol has
probability one, which leaves their state alone. Streams are still decodable one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.tables import FrequencyTable
from codec.errors import FormatError
from codec.format.registry import FREQUENCY_BITS, FREQUENCY_TOTAL, STATE_LOW
from codec.format.trellis import NEXT, QUANTIZER, START

LOCKSTEP_TOKENS = 1 << 24
"""Most tokens decoded together, unless one stream alone is longer: bounds working memory."""
LOCKSTEP_TABLES = 1024
LOCKSTEP_SLACK = 1 << 20
"""Padding allowed in a group beyond its own size, in tokens."""
_CHUNK = 32  # steps prepared at once: what they need stays in cache


# 32-bit lanes keep a step's arrays in the first-level cache; constants of their type keep them so.
_SHIFT = np.uint32(FREQUENCY_BITS)
_LOW = np.uint32(FREQUENCY_TOTAL - 1)
_PARITY = np.uint32(FREQUENCY_TOTAL)
_FREQUENCY_SHIFT = np.uint32(FREQUENCY_BITS + 8)
_STATE_LOW = np.uint32(STATE_LOW)
_WORD = np.uint32(16)
_QUANTIZER_SLOTS = np.repeat(QUANTIZER, 2).astype(np.uint32) << _SHIFT
_NEXT_TWICE = np.zeros(FREQUENCY_TOTAL + NEXT.size, np.int64)
"""Twice the next state, at index twice the state + 4096 * parity: where an entry's parity stands."""
_NEXT_TWICE[: NEXT.size] = 2 * NEXT[np.arange(NEXT.size) & ~1]
_NEXT_TWICE[FREQUENCY_TOTAL:] = 2 * NEXT[np.arange(NEXT.size) | 1]


@dataclass(frozen=True, slots=True, eq=False)
class RansStream:
    """One parsed, not yet decoded stream.

    Parameters
    ----------
    count
        Number of tokens.
    segment
        Tokens in a row that share a lane; the trellis starts anew with each segment.
    trellis
        0 none, 1 four states, 2 eight states.
    tables, base
        Table `base + t` of `tables` serves table number t.
    contexts
        uint8 [count] context of every token in coded order, or None where there is one context.
    states, words
        Initial lane states, uint32 [lanes]; words, uint16.
    offset
        Where in the file the stream begins, for errors.
    """

    count: int
    segment: int
    trellis: int
    tables: Sequence[FrequencyTable]
    base: int
    contexts: NDArray[np.uint8] | None
    states: NDArray[np.uint32]
    words: NDArray[np.uint16]
    offset: int

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self.states.size

    @property
    def rounds(self) -> int:
        """Segments in the busiest lane."""
        return -(-self.count // (self.segment * self.lanes))

    @property
    def steps(self) -> int:
        """Tokens in the busiest lane, idle ends of the last round included."""
        return self.rounds * self.segment


def decode_streams(streams: Sequence[RansStream]) -> list[NDArray[Any] | FormatError]:
    """Decode streams; how the work is grouped never shows in the results.

    Returns
    -------
    For each stream its tokens in coded order, rank 1: uint8 tokens without trellis; with trellis uint16,
    token * 2 + quantizer bit of the state that the token was decoded in. Or E_ENTROPY, not raised, if
    the stream runs out of words, leaves words, or does not end in the initial encoder state.
    """
    results: dict[int, NDArray[Any] | FormatError] = {}
    for group in _groups(streams):
        lockstep = _Lockstep([streams[i] for i in group])
        lockstep.run()
        for i, sound, tokens in zip(group, lockstep.sound(), lockstep.tokens(), strict=True):
            fault = FormatError("E_ENTROPY", "rANS stream does not end as it must", streams[i].offset)
            results[i] = tokens if sound else fault
    return [results[i] for i in range(len(streams))]


def _groups(streams: Sequence[RansStream]) -> Iterator[list[int]]:
    """Yield groups of stream numbers, longest lanes first, so that padding all to the first stays small."""
    group: list[int] = []
    tokens = lanes = tables = steps = 0
    seen: set[int] = set()
    for i in sorted(range(len(streams)), key=lambda i: -streams[i].steps):
        s = streams[i]
        tokens += s.steps * s.lanes
        lanes += s.lanes
        tables += 0 if id(s.tables) in seen else len(s.tables)
        padded = steps * lanes
        if group and (padded > min(LOCKSTEP_TOKENS, 2 * tokens + LOCKSTEP_SLACK) or tables > LOCKSTEP_TABLES):
            yield group
            group, seen = [], set()
            tokens, lanes, tables = s.steps * s.lanes, s.lanes, len(s.tables)
        if not group:
            steps = s.steps
        group.append(i)
        seen.add(id(s.tables))
    if group:
        yield group


class _Lockstep:
    """A group of streams side by side: arrays [steps, lanes of all], one row decoded at a time."""

    def __init__(self, streams: list[RansStream]) -> None:
        self.streams = streams
        self.starts = np.cumsum([0, *(s.lanes for s in streams)])[:-1]
        self.states = np.concatenate([s.states for s in streams])
        sizes = np.array([s.words.size for s in streams])
        self.word_ends = np.cumsum(sizes)
        self.pointers = self.word_ends - sizes
        # A spare word: a stream that overruns reads its neighbour's words or this, and is found at the end.
        self.words = np.concatenate([*(s.words for s in streams), np.zeros(1, np.uint16)])
        self.shape = (streams[0].steps, self.states.size)
        self.trellis = any(s.trellis for s in streams)
        self.slots, self.numbers = self._tables()
        self.codes = np.empty(self.shape, np.uint16 if self.trellis else np.uint8)

    def _tables(self) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
        """Return decoding slots of all tables, and the table number for each step and lane."""
        slots = [
            FrequencyTable(0, np.array([FREQUENCY_TOTAL])).slots()
        ] * 2  # for idle lanes, either quantizer
        first: dict[int, int] = {}
        numbers = np.zeros(self.shape, np.uint16)
        for s, lane in zip(self.streams, self.starts, strict=True):
            if id(s.tables) not in first:
                first[id(s.tables)] = len(slots)
                slots += [table.slots() for table in s.tables]
            own = np.zeros(s.steps * s.lanes, np.uint16)
            if s.contexts is not None:
                np.multiply(s.contexts, 2 if s.trellis else 1, out=own[: s.count], dtype=np.uint16)
            own[: s.count] += np.uint16(first[id(s.tables)] + s.base)
            numbers[: s.steps, lane : lane + s.lanes] = _to_steps(own, s)
        return np.concatenate(slots), numbers

    def run(self) -> None:
        """Decode every step."""
        x, words, slots = self.states, self.words, self.slots
        pointers = self.pointers
        lanes = x.size
        bounds = np.append(self.starts, lanes)
        slot, wide = np.empty(lanes, np.uint32), np.empty(lanes, np.intp)
        part, product = np.empty(lanes, np.uint32), np.empty(lanes, np.uint32)
        low = np.empty(lanes, np.bool_)
        ranks = np.arange(lanes)
        machine_start = np.repeat(
            [2 * START[s.trellis] for s in self.streams], [s.lanes for s in self.streams]
        )
        machine = machine_start.copy()  # twice the state, so that a parity can be added
        restarts = self._restarts()
        entries = np.empty((min(_CHUNK, self.shape[0]), lanes), np.uint32)
        quantizers = np.zeros_like(entries)
        for chunk in range(0, self.shape[0], _CHUNK):
            numbers = self.numbers[chunk : chunk + _CHUNK].astype(np.uint32)
            numbers <<= np.uint32(FREQUENCY_BITS)
            for k, number in enumerate(numbers):
                e = entries[k]
                np.bitwise_and(x, _LOW, out=slot)
                np.add(slot, number, out=slot)
                if self.trellis:
                    for i in restarts.get(chunk + k, ()):
                        machine[bounds[i] : bounds[i + 1]] = machine_start[bounds[i]]
                    _QUANTIZER_SLOTS.take(machine, out=quantizers[k], mode="clip")
                    np.add(slot, quantizers[k], out=slot)
                wide[...] = slot
                slots.take(wide, out=e, mode="clip")
                if self.trellis:
                    np.bitwise_and(e, _PARITY, out=part)
                    np.add(machine, part, out=machine)
                    machine = _NEXT_TWICE.take(machine, mode="clip")
                # x = frequency * (x >> 12) + slot - start
                np.right_shift(x, _SHIFT, out=x)
                np.right_shift(e, _FREQUENCY_SHIFT, out=part)
                np.multiply(x, part, out=product)
                np.add(x, product, out=x)
                np.bitwise_and(e, _LOW, out=part)
                np.add(x, part, out=x)
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
            done = entries[: len(numbers)]
            done >>= _SHIFT
            done &= np.uint32(255)
            if self.trellis:
                done <<= np.uint32(1)
                done |= quantizers[: len(numbers)] >> _SHIFT
            self.codes[chunk : chunk + len(numbers)] = done

    def _restarts(self) -> dict[int, list[int]]:
        """Return at which steps which streams' trellises start anew."""
        restarts: dict[int, list[int]] = {}
        for i, s in enumerate(self.streams):
            if s.trellis:
                for step in range(0, s.steps, s.segment):
                    restarts.setdefault(step, []).append(i)
        return restarts

    def sound(self) -> list[bool]:
        """Whether each stream ended with every word used and every lane in the initial encoder state."""
        full = self.pointers == self.word_ends
        home = np.logical_and.reduceat(self.states == STATE_LOW, self.starts)
        return [bool(v) for v in full & home]

    def tokens(self) -> Iterator[NDArray[Any]]:
        """Yield each stream's codes in coded order."""
        for s, lane in zip(self.streams, self.starts, strict=True):
            codes = self.codes[: s.steps, lane : lane + s.lanes]
            if self.trellis and not s.trellis:
                codes = (codes >> 1).astype(np.uint8)
            coded = codes.reshape(s.rounds, s.segment, s.lanes).transpose(0, 2, 1)
            yield coded.reshape(-1)[: s.count]


def _to_steps(values: NDArray[np.uint16], stream: RansStream) -> NDArray[np.uint16]:
    """Rearrange rank-1 padded `values` in coded order to [steps, lanes]."""
    arranged = values.reshape(stream.rounds, stream.lanes, stream.segment).transpose(0, 2, 1)
    return arranged.reshape(stream.steps, stream.lanes)

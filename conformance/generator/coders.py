"""Symbol data under each coder (SPEC.md, clauses 8.2 to 8.6), with every choice that an encoder has."""

from __future__ import annotations

import bz2
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from conformance.generator.fields import Fields, bit_run, varint
from conformance.generator.frames import PLAIN, Frame, Made
from conformance.generator.tables import Table, table_for, write_tables
from conformance.generator.trellis import Trellis
from conformance.generator.views import RAGGED, View

LONGEST_CODE = 15
STATE_LOW = 1 << 16


@dataclass(frozen=True)
class Around:
    """What symbol data may refer to: the tables of the file, the view of its tokens and their trellis.

    Parameters
    ----------
    view
        None where the tokens are not a block of the view.
    """

    shared: Sequence[Table] = ()
    view: View | None = None
    trellis: Trellis | None = None


@dataclass(frozen=True)
class Packed:
    """Tokens of `width` bits; 0 for as many as the largest needs."""

    width: int = 0
    code = 0

    def write(self, tokens: Sequence[int], _parse_context: Around) -> Fields:
        """Return width and tokens."""
        width = self.width or max(max(tokens).bit_length(), 1)
        out = Fields()
        out.u8("width", width)
        out.add("bits", bit_run((t, width) for t in tokens))
        return out


PACKED = Packed()


@dataclass(frozen=True)
class Contexts:
    """Separable contexts: class lists of rows, channels and positions; None where all classes are 0."""

    count: int
    rows: Sequence[int] | None = None
    channels: Sequence[int] | None = None
    positions: Sequence[int] | None = None
    coder: Coder = PACKED

    def lists(self, view: View) -> dict[str, tuple[int, Sequence[int] | None]]:
        """Return length and classes of each list that a view has."""
        lists = {"row_classes": (view.rows, self.rows)}
        if view.kind != RAGGED:
            lists["channel_classes"] = (view.channels, self.channels)
            lists["position_classes"] = (view.period, self.positions)
        return lists

    def of_elements(self, view: View) -> list[int]:
        """Return the context of each element in coded order."""
        out = []
        for i, r in enumerate(view.row_of()):
            total = self.rows[r] if self.rows else 0
            if view.kind != RAGGED:
                c, p = divmod(i % view.columns, view.period)
                total += self.channels[c] if self.channels else 0
                total += self.positions[p] if self.positions else 0
            out.append(min(total, self.count - 1))
        return out


@dataclass(frozen=True)
class Rans:
    """Interleaved rANS.

    Parameters
    ----------
    tables
        Tables of its own, one for each table number; None makes them for the tokens.
    base
        First of the shared tables instead.
    """

    lanes: int = 1
    tables: Sequence[Table] | None = None
    base: int | None = None
    contexts: Contexts | None = None
    code = 1

    def write(self, tokens: Sequence[int], around: Around) -> Fields:
        """Return mode, contexts, tables, lanes, states and words."""
        out = Fields()
        out.u8("mode", (self.contexts is not None) | (self.base is not None) << 1)
        numbers = [0] * len(tokens)
        count = 1
        if self.contexts is not None and around.view is not None:
            numbers, count = self.contexts.of_elements(around.view), self.contexts.count
            out.varint("context_count", count)
            for name, (size, classes) in self.contexts.lists(around.view).items():
                out.u8(f"{name}.present", classes is not None)
                if classes is not None:
                    if len(classes) != size:
                        raise ValueError(f"{name} are not {size}")
                    out.nest(name, symbol_block(self.contexts.coder, classes, Around(around.shared)))
        segment = 1
        if around.trellis is not None:
            segment = around.trellis.segment
            quantizers = around.trellis.quantizers(tokens)
            numbers = [2 * n + q for n, q in zip(numbers, quantizers, strict=True)]
            count *= 2
        if self.base is not None:
            out.varint("base", self.base)
            tables = around.shared[self.base : self.base + count]
        else:
            tables = self.tables or _tables_for(tokens, numbers, count)
            out.add("tables", write_tables(tables))
        states, words = rans_encode(tokens, tables, numbers, segment, self.lanes)
        out.varint("lanes", self.lanes)
        out.varint("words", len(words))
        out.add("state", struct.pack(f"<{len(states)}I", *states))
        out.add("word", struct.pack(f"<{len(words)}H", *words))
        return out


def _tables_for(tokens: Sequence[int], numbers: Sequence[int], count: int) -> list[Table]:
    own: list[list[int]] = [[] for _ in range(count)]
    for token, number in zip(tokens, numbers, strict=True):
        own[number].append(token)
    return [table_for(t) for t in own]


def rans_encode(
    tokens: Sequence[int], tables: Sequence[Table], numbers: Sequence[int], segment: int, lanes: int
) -> tuple[list[int], list[int]]:
    """Return states and words of rANS symbol data (SPEC.md, clauses 9.4 and 16).

    Parameters
    ----------
    numbers
        The number of each token's table.
    """
    known = {(n, t): tables[n].of(t) for n, t in set(zip(numbers, tokens, strict=True))}
    segments = -(-len(tokens) // segment)
    order = [
        ((b * lanes + lane) * segment + k, lane)
        for b in range(-(-segments // lanes))
        for k in range(min(segment, len(tokens)))
        for lane in range(lanes)
    ]
    x = [STATE_LOW] * lanes
    words = []
    for i, lane in reversed(order):
        if i >= len(tokens):
            continue
        f, start = known[numbers[i], tokens[i]]
        while x[lane] >= f << 20:
            words.append(x[lane] & 0xFFFF)
            x[lane] >>= 16
        x[lane] = x[lane] // f * 4096 + start + x[lane] % f
    return x, words[::-1]


@dataclass(frozen=True)
class Huffman:
    """Canonical Huffman codes in lanes.

    Parameters
    ----------
    lengths
        Code length of each token that has a code; None makes a code of nearly equal lengths.
    """

    lanes: int = 1
    lengths: Mapping[int, int] | None = None
    code = 2

    def write(self, tokens: Sequence[int], _parse_context: Around) -> Fields:
        """Return code description and lanes."""
        lengths = dict(self.lengths or even_lengths(sorted(set(tokens))))
        codes = canonical_codes(lengths)
        first, last = min(lengths), max(lengths)
        out = Fields()
        out.u8("first", first)
        out.u8("last_index", last - first)
        out.add("lengths", bit_run((lengths.get(t, 0), 4) for t in range(first, last + 1)))
        lanes = [huffman_lane([codes[t] for t in tokens[lane :: self.lanes]]) for lane in range(self.lanes)]
        out.varint("lanes", self.lanes)
        for number, lane in enumerate(lanes):
            out.varint(f"lane_length[{number}]", len(lane))
        out.add("data", b"".join(lanes))
        return out


def even_lengths(tokens: Sequence[int]) -> dict[int, int]:
    """Return a complete code whose lengths differ by at most one; the first tokens have the shorter ones."""
    if len(tokens) == 1:
        return {tokens[0]: 1}
    longest = (len(tokens) - 1).bit_length()
    short = (1 << longest) - len(tokens)
    return {t: longest - (i < short) for i, t in enumerate(tokens)}


def canonical_codes(lengths: Mapping[int, int]) -> dict[int, str]:
    """Return the code of each token as a string of bits, first bit first (SPEC.md, clause 8.5)."""
    codes = {}
    code = previous = 0
    for length in range(1, LONGEST_CODE + 1):
        for token in sorted(lengths):
            if lengths[token] == length:
                code <<= length - previous
                previous = length
                codes[token] = f"{code:0{length}b}"
                code += 1
    return codes


def huffman_lane(codes: Sequence[str]) -> bytes:
    """Return the bytes of a lane."""
    bits = "".join(codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


@dataclass(frozen=True)
class Bzip2:
    """A bzip2 stream, or what a function makes of it."""

    level: int = 9
    make: Callable[[bytes], bytes] = bytes
    code = 3

    def write(self, tokens: Sequence[int], _parse_context: Around) -> Fields:
        """Return length and stream."""
        data = self.make(bz2.compress(bytes(tokens), self.level))
        out = Fields()
        out.add("length", varint(len(data)))
        out.add("stream", data)
        return out


@dataclass(frozen=True)
class Zstd:
    """A zstd frame."""

    frame: Frame | Made = PLAIN
    code = 4

    def write(self, tokens: Sequence[int], _parse_context: Around) -> Fields:
        """Return length and frame."""
        frame = self.frame.fields(bytes(tokens))
        out = Fields()
        out.add("length", varint(len(frame.data)))
        out.nest("frame", frame)
        return out


Coder = Packed | Rans | Huffman | Bzip2 | Zstd
CODER_NAMES = ("packed", "rans", "huffman", "bzip2", "zstd")


def symbol_block(coder: Coder, tokens: Sequence[int], around: Around) -> Fields:
    """Return a coder's byte and its symbol data."""
    out = Fields()
    out.u8("coder", coder.code)
    for field in coder.write(tokens, around):
        out.add(*field)
    return out

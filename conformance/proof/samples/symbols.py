"""Symbol data of random tables, codes, lanes and contexts (SPEC.md, clauses 8.2 to 8.7)."""

from __future__ import annotations

import bz2
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from conformance.generator.coders import canonical_codes, huffman_lane, rans_encode
from conformance.generator.fields import bit_run, varint
from conformance.generator.tables import Table, write_tables
from conformance.generator.trellis import Trellis
from conformance.generator.views import RAGGED, View
from conformance.proof.samples.numbers import BZIP2, CODERS, HUFFMAN, PACKED, RANS, zstd
from conformance.reference_decoder.coding import PROFILE_OF
from conformance.reference_decoder.container import FULL


def random_table(rng: Random, needed: Sequence[int]) -> Table:
    """Return a table in which every token of `needed` can be coded."""
    used = set(needed) | {rng.randrange(256) for _ in range(rng.choice((0, 0, 1, 5)))} or {rng.randrange(256)}
    first, last = min(used), max(used)
    precision = rng.randrange(12)
    frequencies = [0] * (last - first + 1)
    room = 4096 - len(used)
    for token in used:
        f = 1 + (rng.randrange(max(1, 2 * room // len(used))) if rng.random() < 0.8 else 0)
        cut = max(f.bit_length() - 1 - precision, 0)
        f = min(f >> cut << cut, room + 1)
        f = f >> cut << cut or 1
        frequencies[token - first] = f
        room -= f - 1
    coded = [i for i, f in enumerate(frequencies) if f]
    peak = rng.choice(coded)
    frequencies[peak] = 4096 - sum(frequencies) + frequencies[peak]
    return Table(first, tuple(frequencies), peak, precision)


@dataclass
class Around:
    """What blocks share: the profile, shared tables, and chance."""

    rng: Random
    profile: int = FULL
    shared: list[Table] = field(default_factory=list)
    coders: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.coders = self.coders or [coder for coder in CODERS if PROFILE_OF[coder] <= self.profile]


def lanes_for(rng: Random, segments: int, segment: int) -> int:
    """Return a number of lanes that the limits allow."""
    least = -(-segments // max(8192 // segment, 1))
    return rng.choice((least, rng.randint(least, segments), min(segments, least + rng.randrange(4))))


def rans_lanes(
    tokens: Sequence[int], tables: Sequence[Table], numbers: Sequence[int], segment: int, lanes: int
) -> bytes:
    """Return lanes, words, states and words of rANS symbol data; `numbers` is each token's table."""
    x, words = rans_encode(tokens, tables, numbers, segment, lanes)
    head = varint(lanes) + varint(len(words))
    return head + struct.pack(f"<{lanes}I", *x) + struct.pack(f"<{len(words)}H", *words)


def quantizers_of(tokens: Sequence[int], trellis: int, segment: int) -> list[int]:
    """Return the quantizer bit of each token."""
    return Trellis(trellis, segment).quantizers(tokens)


def rans_data(
    around: Around, tokens: Sequence[int], view: View | None = None, trellis: int = 0, segment: int = 1
) -> bytes:
    """Return rANS symbol data; with a `view` it may have contexts."""
    rng = around.rng
    contexts = [0] * len(tokens)
    count = 1
    mode = 0
    lists = b""
    if view is not None and rng.random() < 0.6:
        mode |= 1
        count = rng.choice((2, 3, 64, rng.randint(2, 64)))
        sizes = [view.rows] if view.kind == RAGGED else [view.rows, view.channels, view.period]
        classes = []
        lists = varint(count)
        for size in sizes:
            top = rng.choice((0, 2, 63))
            classes.append([rng.randint(0, top) for _ in range(size)])
            if any(classes[-1]) or rng.random() < 0.2:
                lists += b"\x01" + symbol_block(around, classes[-1])
            else:
                lists += b"\x00"
        for i, r in enumerate(view.row_of()):
            total = classes[0][r]
            if view.kind != RAGGED:
                j = i % view.columns
                total += classes[1][j // view.period] + classes[2][j % view.period]
            contexts[i] = min(total, count - 1)
    numbers = contexts
    if trellis:
        numbers = [2 * c + q for c, q in zip(contexts, quantizers_of(tokens, trellis, segment), strict=True)]
        count *= 2
    if count <= len(around.shared) and rng.random() < 0.5:
        mode |= 2
        base = rng.randint(0, len(around.shared) - count)
        tables: Sequence[Table] = around.shared[base : base + count]
        lists += varint(base)
    else:
        needed: list[set[int]] = [set() for _ in range(count)]
        for n, t in zip(numbers, tokens, strict=True):
            needed[n].add(t)
        tables = [random_table(rng, sorted(s)) for s in needed]
        lists += write_tables(tables)
    lanes = lanes_for(rng, math.ceil(len(tokens) / segment), segment)
    return bytes([mode]) + lists + rans_lanes(tokens, tables, numbers, segment, lanes)


def huffman_data(around: Around, tokens: Sequence[int]) -> bytes:
    """Return Huffman symbol data of a random complete code."""
    rng = around.rng
    used = sorted(set(tokens) | {rng.randrange(256) for _ in range(rng.choice((0, 0, 3)))})
    if len(used) == 1:
        lengths = {used[0]: 1}
    else:
        # Split a leaf until there are enough: always a complete code.
        leaves = [0]
        while len(leaves) < len(used):
            i = rng.randrange(len(leaves)) if rng.random() < 0.7 else leaves.index(min(leaves))
            if leaves[i] < 15:
                leaves[i : i + 1] = [leaves[i] + 1] * 2
        lengths = dict(zip(used, leaves, strict=True))
    first, last = used[0], used[-1]
    codes = canonical_codes(lengths)
    lanes = lanes_for(rng, len(tokens), 1)
    parts = [huffman_lane([codes[t] for t in tokens[lane::lanes]]) for lane in range(lanes)]
    description = bit_run([(lengths.get(t, 0), 4) for t in range(first, last + 1)])
    sizes = b"".join(varint(len(part)) for part in parts)
    return bytes([first, last - first]) + description + varint(lanes) + sizes + b"".join(parts)


def symbol_data(
    around: Around,
    tokens: Sequence[int],
    coder: int,
    view: View | None = None,
    trellis: int = 0,
    segment: int = 1,
) -> bytes:
    """Return symbol data under a coder."""
    if coder == PACKED:
        width = around.rng.randint(max(max(tokens).bit_length(), 1), 8)
        return bytes([width]) + bit_run([(t, width) for t in tokens])
    if coder == RANS:
        return rans_data(around, tokens, view, trellis, segment)
    if coder == HUFFMAN:
        return huffman_data(around, tokens)
    data = bytes(tokens)
    packed = bz2.compress(data, 1) if coder == BZIP2 else zstd(data, checksum=around.rng.random() < 0.5)
    return varint(len(packed)) + packed


def symbol_block(around: Around, tokens: Sequence[int], view: View | None = None) -> bytes:
    """Return a symbol block under a random coder."""
    coder = around.rng.choice(around.coders)
    return bytes([coder]) + symbol_data(around, tokens, coder, view)

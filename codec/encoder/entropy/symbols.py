"""Write symbol data and integer blocks (SPEC.md, "Symbol data" and "Integer block").

A record is a list of fragments: bytes, or an rANS stream still to be encoded. Streams of many tensors
are encoded in lockstep at the end, by `assemble`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.tables import FrequencyTable
from codec.encoder.entropy.general import bzip2, zstd
from codec.encoder.entropy.huffman import write_huffman
from codec.encoder.entropy.rans import EncodedStream, EncoderStream, choose_lanes, encode_streams
from codec.encoder.entropy.tables import make_table, write_tables
from codec.format import layout as f
from codec.format.bits import pack
from codec.format.layout import build
from codec.format.registry import ESCAPE, MAX_LOW_BITS, Coder
from codec.format.view import View

Fragment = bytes | EncoderStream


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Separable context classes of a view, each uint8; see `codec.decoder.entropy.symbols.Contexts`."""

    count: int
    rows: NDArray[np.uint8]
    channels: NDArray[np.uint8]
    positions: NDArray[np.uint8]

    def contexts(self, view: View) -> NDArray[np.uint8]:
        """Return the context of every element in coded order, uint8 [elements]."""
        if view.lengths:
            sums = np.repeat(self.rows, view.lengths)
        else:
            columns = (self.channels[:, None] + self.positions[None, :]).ravel()
            sums = (self.rows[:, None] + columns[None, :]).ravel()
        return np.minimum(sums, np.uint8(self.count - 1))

    def write(self, view: View) -> bytes:
        """Serialize as the class lists of a rANS run."""
        lists = [self.rows] if view.lengths else [self.rows, self.channels, self.positions]
        return build(f.CONTEXT_COUNT, self.count) + b"".join(
            build(f.CLASS_PRESENT, 1) + write_symbol_block(c) if c.any() else build(f.CLASS_PRESENT, 0)
            for c in lists
        )


@dataclass(frozen=True, slots=True, eq=False)
class SharedTables:
    """Tables of the model's TABLES section, and the first that a stream uses."""

    tables: Sequence[FrequencyTable]
    base: int


def write_symbol_block(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize a short run, with its coder byte: the smaller of packed and zstd.

    Both are decoded by a library at once; serial rANS over a few hundred tokens would not be.
    """
    width = max(int(tokens.max()).bit_length(), 1)
    packed = build(f.CODER, Coder.PACKED) + build(f.PACKED_WIDTH, width) + pack(tokens, width)
    squeezed = zstd(tokens.tobytes())
    general = build(f.CODER, Coder.ZSTD) + build(f.VARINT, len(squeezed)) + squeezed
    return min(packed, general, key=len)


def symbol_data(
    tokens: NDArray[np.uint8],
    coder: Coder,
    view: View | None = None,
    *,
    classes: Classes | None = None,
    shared: SharedTables | None = None,
    quantizers: NDArray[np.uint8] | None = None,
    segment: int = 1,
) -> list[Fragment]:
    """Return the fragments of symbol data under `coder`.

    Parameters
    ----------
    tokens
        uint8, rank 1, at least one, in coded order.
    view, classes
        Separable contexts, rANS only.
    shared
        Shared tables; None makes tables of the run's own. rANS only.
    quantizers, segment
        Under a trellis, the quantizer bit of each token's state, and the segment length.
    """
    if coder is Coder.PACKED:
        width = max(int(tokens.max()).bit_length(), 1)
        return [build(f.PACKED_WIDTH, width) + pack(tokens, width)]
    if coder is Coder.HUFFMAN:
        return [write_huffman(tokens)]
    if coder is not Coder.RANS:
        data = zstd(tokens.tobytes()) if coder is Coder.ZSTD else bzip2(tokens.tobytes())
        return [build(f.VARINT, len(data)) + data]
    numbers = None
    count = 1
    if classes is not None and view is not None:
        numbers = classes.contexts(view).astype(np.uint16)
        count = classes.count
    if quantizers is not None:
        numbers = quantizers.astype(np.uint16) if numbers is None else numbers * np.uint16(2) + quantizers
        count *= 2
    head = build(f.RANS_MODE, (classes is not None) | (shared is not None) << 1)
    if classes is not None and view is not None:
        head += classes.write(view)
    if shared is not None:
        head += build(f.VARINT, shared.base)
        tables = shared.tables
        if shared.base:
            numbers = (
                np.full(tokens.size, shared.base, np.uint16)
                if numbers is None
                else numbers + np.uint16(shared.base)
            )
    else:
        made = _own_tables(tokens, numbers, count)
        head += write_tables(made)
        tables = [table for table, _ in made]
    return [head, EncoderStream(tokens, numbers, tables, segment, choose_lanes(tokens.size, segment))]


def count_tokens(
    tokens: NDArray[np.uint8], numbers: NDArray[np.uint16] | None, count: int
) -> NDArray[np.int64]:
    """Return int64 [count, 256]: how often each token occurs under each table."""
    if numbers is None:
        return np.bincount(tokens, minlength=256)[None]
    pairs = numbers.astype(np.int32) * 256 + tokens
    return np.bincount(pairs, minlength=256 * count).reshape(count, 256)


def _own_tables(
    tokens: NDArray[np.uint8], numbers: NDArray[np.uint16] | None, count: int
) -> list[tuple[FrequencyTable, int]]:
    counts = count_tokens(tokens, numbers, count)
    unused = FrequencyTable(0, np.array([1 << 12])), 0
    return [make_table(row) if row.any() else unused for row in counts]


@dataclass(frozen=True, slots=True, eq=False)
class TokenizedIntegers:
    """Integers split into tokens and what does not fit them.

    Parameters
    ----------
    low_bits, low
        Width of the low parts, and they, uint32.
    escapes
        int64, integers (before low bits) whose token is 255; None where 255 is a token as any other.
    """

    tokens: NDArray[np.uint8]
    lo: int
    low_bits: int
    low: NDArray[np.uint32]
    escapes: NDArray[np.int64] | None


def tokenize(values: NDArray[np.int64], *, even_lo: bool = False) -> TokenizedIntegers:
    """Split integers, rank 1, |value| < 2**31, into tokens, escapes and low bits.

    A spread of more than 256 goes to low bits only as far as the bulk of the values needs; the rest
    becomes escapes.
    """
    lo, hi = int(values.min()), int(values.max())
    lo -= lo & 1 if even_lo else 0
    if hi - lo <= 255:
        return TokenizedIntegers((values - lo).astype(np.uint8), lo, 0, np.zeros(0, np.uint32), None)
    inner_lo, inner_hi = (int(v) for v in np.quantile(values, [0.001, 0.999], method="nearest"))
    low_bits = min(max(0, (inner_hi - inner_lo + 1).bit_length() - 7), MAX_LOW_BITS)
    high = values >> low_bits
    low = (values & ((1 << low_bits) - 1)).astype(np.uint32)
    start = (inner_lo >> low_bits) - (ESCAPE - ((inner_hi >> low_bits) - (inner_lo >> low_bits) + 1)) // 2
    start = max(start, int(high.min()))
    escaped = (high < start) | (high >= start + ESCAPE)
    tokens = np.where(escaped, ESCAPE, high - start).astype(np.uint8)
    if not escaped.any() and int(tokens.max()) < ESCAPE:
        return TokenizedIntegers(tokens, start, low_bits, low, None)
    return TokenizedIntegers(tokens, start, low_bits, low, high[escaped])


def integer_block(
    split: TokenizedIntegers,
    coder: Coder,
    data: Sequence[Fragment],
    sparse: tuple[int, NDArray[np.uint8], Coder] | None = None,
) -> list[Fragment]:
    """Return the fragments of an integer block around symbol data already made.

    Parameters
    ----------
    sparse
        Background, gaps and the gaps' coder where only some integers are coded.
    """
    flags = (
        int(coder) | (split.escapes is not None) << 3 | bool(split.low_bits) << 4 | (sparse is not None) << 5
    )
    head = build(f.INTEGER_FLAGS, flags) + build(f.LO, split.lo)
    if split.low_bits:
        head += build(f.LOW_BITS, split.low_bits)
    if split.escapes is not None:
        head += build(f.VARINT, split.escapes.size) + b"".join(build(f.LO, int(v)) for v in split.escapes)
    middle: list[Fragment] = []
    if sparse is not None:
        background, gaps, gap_coder = sparse
        head += build(f.BACKGROUND, background) + build(f.VARINT, split.tokens.size)
        middle = [build(f.CODER, gap_coder), *symbol_data(gaps, gap_coder)]
    if split.low_bits:
        head += pack(split.low, split.low_bits)
    return [head, *middle, *data]


def assemble(records: Iterable[Sequence[Fragment]]) -> list[bytes]:
    """Encode all streams in lockstep and join each record's fragments."""
    whole = [list(record) for record in records]
    streams = [fragment for record in whole for fragment in record if isinstance(fragment, EncoderStream)]
    encoded = iter(encode_streams(streams))
    return [
        b"".join(p if isinstance(p, bytes) else _stream_bytes(next(encoded)) for p in record)
        for record in whole
    ]


def _stream_bytes(stream: EncodedStream) -> bytes:
    head = build(f.LANES, stream.states.size) + build(f.VARINT, stream.words.size)
    return head + stream.states.astype("<u4").tobytes() + stream.words.astype("<u2").tobytes()

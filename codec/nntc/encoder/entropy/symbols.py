"""Write symbol data (SPEC.md, "Symbol data").

A record is a list of fragments: bytes, or an rANS stream still to be encoded. Streams of many tensors
are encoded in lockstep at the end, by `assemble`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.general import bzip2, zstd
from nntc.encoder.entropy.huffman import write_huffman
from nntc.encoder.entropy.rans import EncodedStream, EncoderStream, choose_lanes, encode_streams
from nntc.encoder.entropy.tables import costs, make_table
from nntc.format.bits import pack
from nntc.format.rans import CLASS_PRESENT, RANS_HEAD, RANS_LANES, SHARED_BASE, RansHead, RansLanes, RansMode
from nntc.format.registry import Coder
from nntc.format.symbols import CODER, LENGTH, PACKED_WIDTH
from nntc.format.tables import FrequencyTable, write_tables
from nntc.format.view import View

Fragment = bytes | EncoderStream


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Separable context classes of a view, each uint8; see `nntc.decoder.entropy.symbols.Contexts`."""

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
        return b"".join(
            CLASS_PRESENT.put(1) + write_symbol_block(c) if c.any() else CLASS_PRESENT.put(0) for c in lists
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
    packed = CODER.put(Coder.PACKED) + PACKED_WIDTH.put(width) + pack(tokens, width)
    squeezed = zstd(tokens.tobytes())
    general = CODER.put(Coder.ZSTD) + LENGTH.put(len(squeezed)) + squeezed
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
        return [PACKED_WIDTH.put(width) + pack(tokens, width)]
    if coder is Coder.HUFFMAN:
        return [write_huffman(tokens)]
    if coder is not Coder.RANS:
        data = zstd(tokens.tobytes()) if coder is Coder.ZSTD else bzip2(tokens.tobytes())
        return [LENGTH.put(len(data)) + data]
    numbers = None
    count = 1
    if classes is not None and view is not None:
        numbers = classes.contexts(view).astype(np.uint16)
        count = classes.count
    if quantizers is not None:
        numbers = quantizers.astype(np.uint16) if numbers is None else numbers * np.uint16(2) + quantizers
        count *= 2
    mode = RansMode.CONTEXTS if classes is not None else RansMode(0)
    if shared is not None:
        mode |= RansMode.SHARED_TABLES
    head = RANS_HEAD.write(RansHead(mode, None if classes is None else classes.count))
    if classes is not None and view is not None:
        head += classes.write(view)
    if shared is not None:
        head += SHARED_BASE.put(shared.base)
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


def expected_size(fragments: Iterable[Fragment]) -> float:
    """Return how many bytes fragments will take, to a few bytes for each rANS stream."""
    size = 0.0
    for fragment in fragments:
        if isinstance(fragment, bytes):
            size += len(fragment)
            continue
        tables = np.stack([costs(table) for table in fragment.tables])
        counts = count_tokens(fragment.tokens, fragment.numbers, len(tables))
        used = counts > 0
        bits = float(counts[used] @ tables[used])
        # Of a lane's state of 32 bits, tokens fill what lies between 2^16 and 2^32: 8 on average.
        size += (bits + 24 * fragment.lanes) / 8 + len(LENGTH.put(fragment.lanes))
    return size


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
    states, words = stream.states.astype("<u4").tobytes(), stream.words.astype("<u2").tobytes()
    return RANS_LANES.write(RansLanes(stream.states.size, stream.words.size, states, words))

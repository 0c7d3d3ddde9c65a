"""Kernels for decoding, in C: arrays made ready for the extension module, and what it fills.

Implements SPEC.md 9.4 (R-510, R-511).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.kernels.native import _native
from nntc.kernels.native.tables import QUANTIZERS, TOKENS, ParsedTables, frequencies_of


def decode_rans(streams: Sequence[RansStream]) -> list[NDArray[np.uint8] | DependentTokens | None]:
    """Decode rANS streams one after the other; as `nntc.kernels.decoding.decode_rans`."""
    known: dict[int, NDArray[np.uint16]] = {}
    for stream in streams:
        if id(stream.tables) not in known:
            known[id(stream.tables)] = frequencies_of(stream.tables)
    return [_decode(stream, known[id(stream.tables)]) for stream in streams]


def _decode(
    stream: RansStream, frequencies: NDArray[np.uint16]
) -> NDArray[np.uint8] | DependentTokens | None:
    out = np.empty(stream.count, np.uint16 if stream.trellis else np.uint8)
    is_valid = _native.decode_rans(
        frequencies[stream.base : stream.base + stream.used],
        None if stream.contexts is None else np.ascontiguousarray(stream.contexts, np.uint8),
        np.ascontiguousarray(stream.states, np.uint32),
        np.ascontiguousarray(stream.words, "<u2"),
        stream.segment,
        stream.trellis,
        out,
    )
    if not is_valid:
        return None
    if stream.trellis is Trellis.NONE:
        return out.astype(np.uint8, copy=False)
    return DependentTokens(out[None, None, :], stream.count, 0, TOKENS, QUANTIZERS)


def decode_huffman(
    count: int, lengths: NDArray[np.uint8], lane_sizes: NDArray[np.int64], data: bytes
) -> NDArray[np.uint8] | None:
    """Decode a Huffman run; as `nntc.kernels.decoding.decode_huffman`."""
    out = np.empty(count, np.uint8)
    sizes = np.ascontiguousarray(lane_sizes, np.int64)
    return out if _native.decode_huffman(np.ascontiguousarray(lengths), sizes, data, out) else None


def parse_tables(data: memoryview, begin: int, count: int) -> tuple[Sequence[FrequencyTable], int] | None:
    """Parse a bit run of frequency tables; as `nntc.kernels.decoding.parse_tables`."""
    firsts, lasts = np.empty((2, count), np.uint8)
    frequencies = np.empty((count, 256), np.uint16)
    used = _native.read_tables(data, begin, firsts, lasts, frequencies)
    if used < 0:
        return None
    return ParsedTables(firsts, lasts, frequencies), used


def look_up(table: NDArray[Any], indices: NDArray[Any]) -> NDArray[Any]:
    """Return elements of a table; as `nntc.kernels.decoding.look_up`."""
    out = np.empty(indices.size, table.dtype)
    table, indices = np.ascontiguousarray(table), np.ascontiguousarray(indices)
    _native.look_up(table, table.itemsize, indices, indices.itemsize, out)
    return out

"""Kernels for encoding, in C: arrays made ready for the extension module, and what it fills."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.rans import EncodedStream, EncoderStream
from nntc.format.trellis import Machine
from nntc.kernels.native import _native
from nntc.kernels.native.tables import frequencies_of
from nntc.kernels.sequences import BLOCK, Floats, Sequences

_ALIGNMENT = 64


def encode_rans(streams: Sequence[EncoderStream]) -> list[EncodedStream]:
    """Encode streams one after the other; as `nntc.kernels.encoding.encode_rans`."""
    known: dict[int, NDArray[np.uint16]] = {}
    for stream in streams:
        if id(stream.tables) not in known:
            known[id(stream.tables)] = frequencies_of(stream.tables)
    return [_encode(stream, known[id(stream.tables)]) for stream in streams]


def _encode(stream: EncoderStream, frequencies: NDArray[np.uint16]) -> EncodedStream:
    states = np.empty(stream.lanes, np.uint32)
    words = np.empty(stream.tokens.size, np.uint16)
    tokens = np.ascontiguousarray(stream.tokens, np.uint8)
    numbers = _optional(stream.numbers, np.uint16)
    written = _native.encode_rans(frequencies, tokens, numbers, stream.segment, states, words)
    return EncodedStream(states, words[words.size - written :].copy())


def encode_huffman(
    tokens: NDArray[np.uint8], lengths: NDArray[np.uint8], codes: NDArray[np.uint16], lanes: int
) -> list[bytes]:
    """Write the lanes of a run; as `nntc.kernels.encoding.encode_huffman`."""
    sizes = np.empty(lanes, np.int64)
    out = np.empty(2 * tokens.size + lanes, np.uint8)
    tokens = np.ascontiguousarray(tokens)
    written = _native.encode_huffman(
        tokens, np.ascontiguousarray(lengths), np.ascontiguousarray(codes), sizes, out
    )
    data = out[:written].tobytes()
    return [data[a:b] for a, b in pairwise((0, *np.cumsum(sizes).tolist()))]


def search_trellis(
    x: Floats,
    contexts: NDArray[np.uint16],
    costs: Floats,
    segment: int,
    machine: Machine,
    zeros: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Find the levels of least cost; as `nntc.kernels.encoding.search_trellis`."""
    levels, quantizers = np.empty(x.size, np.int32), np.empty(x.size, np.uint8)
    _native.search_trellis(
        np.ascontiguousarray(x, np.float32),
        np.ascontiguousarray(contexts, np.uint16),
        np.ascontiguousarray(costs, np.float32),
        _optional(zeros, np.bool_),
        segment,
        machine.trellis - 1,
        levels,
        quantizers,
    )
    return levels, quantizers


def search_feedback(
    sequences: Sequences, costs: Floats, survivors: int, machine: Machine
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Find levels of low cost; as `nntc.kernels.encoding.search_feedback`.

    What errors decided before do to a block of columns is a matrix product, which numpy is good at.
    """
    rows, length = sequences.x.shape
    filters = np.ascontiguousarray(sequences.filters, np.float64)
    levels, quantizers = np.empty((rows, length), np.int32), np.empty((rows, length), np.uint8)
    settled = np.empty((rows, length))
    state = _aligned(rows * _native.FEEDBACK_ROW)
    given = (
        np.ascontiguousarray(sequences.x, np.float32),
        filters,
        np.ascontiguousarray(sequences.weights, np.float32),
        np.ascontiguousarray(sequences.contexts, np.uint16),
        _optional(sequences.zeros, np.bool_),
        np.ascontiguousarray(costs, np.float32),
        levels,
        quantizers,
        settled,
        state,
    )
    kind = machine.trellis - 1
    for start in range(0, length, BLOCK):
        anew = sequences.starts_anew(start)
        if anew and start:
            _native.search_feedback(*given, None, kind, survivors, length, start - BLOCK, anew)
        span, before = slice(start, min(start + BLOCK, length)), slice(0, start if anew else start - BLOCK)
        errors = settled[:, before].reshape(len(filters), rows // len(filters), before.stop)
        common = (errors @ filters[:, before, span]).reshape(rows, -1) + sequences.x[:, span]
        _native.search_feedback(*given, np.ascontiguousarray(common), kind, survivors, length, start, anew)
    _native.search_feedback(*given, None, kind, survivors, length, (length - 1) // BLOCK * BLOCK, False)
    return levels, quantizers


def _optional(array: NDArray[Any] | None, kind: type[np.generic]) -> NDArray[Any] | None:
    return None if array is None else np.ascontiguousarray(array, kind)


def _aligned(size: int) -> NDArray[np.uint8]:
    """Return bytes that begin where vectors may."""
    block = np.empty(size + _ALIGNMENT, np.uint8)
    begin = -block.ctypes.data % _ALIGNMENT
    return block[begin : begin + size]

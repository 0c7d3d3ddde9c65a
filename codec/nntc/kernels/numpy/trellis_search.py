"""Trellis search: a Viterbi search, vectorized over segments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.trellis import FAR, MAGNITUDES
from nntc.format.trellis import Machine
from nntc.kernels.numpy.candidates import candidates, hold_zeros
from nntc.kernels.numpy.ways import ways_into

_BLOCK = 2048  # segments searched at once
_STEPS = 8  # places of a segment whose candidates are found at once


def search_trellis(
    x: NDArray[np.float32],
    contexts: NDArray[np.uint16],
    costs: NDArray[np.float32],
    segment: int,
    machine: Machine,
    zeros: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Find the levels of least cost; as `nntc.kernels.encoding.search_trellis`."""
    count = x.size
    segments = -(-count // segment)
    padded = np.zeros(segments * segment, np.float32)
    padded[:count] = x
    padded_contexts = np.zeros(segments * segment, np.int32)
    padded_contexts[:count] = contexts
    # Segment-major to time-major: one row holds the same place of every segment.
    values = np.ascontiguousarray(padded.reshape(segments, segment).T)
    places = np.ascontiguousarray(padded_contexts.reshape(segments, segment).T)
    levels = np.empty((segment, segments), np.int32)
    quantizers = np.empty((segment, segments), np.uint8)
    held = None
    if zeros is not None:
        held = np.zeros(segments * segment, np.bool_)
        held[:count] = zeros
        held = np.ascontiguousarray(held.reshape(segments, segment).T)
    for start in range(0, segments, _BLOCK):
        span = slice(start, start + _BLOCK)
        own = None if held is None else held[:, span]
        _search_block(
            values[:, span], places[:, span], costs, machine, own, levels[:, span], quantizers[:, span]
        )
    return levels.T.ravel()[:count], quantizers.T.ravel()[:count]


def _search_block(
    values: NDArray[np.float32],
    places: NDArray[np.int32],
    bits: NDArray[np.float32],
    machine: Machine,
    zeros: NDArray[np.bool_] | None,
    levels: NDArray[np.int32],
    quantizers: NDArray[np.uint8],
) -> None:
    """Search all segments of a block, arrays [segment, segments]; fills `levels` and `quantizers`."""
    length, width = values.shape
    states = len(machine.next)
    ways = ways_into(machine)
    first = [a for a, _ in ways]
    second = [b for _, b in ways]
    from_first = np.array([s for s, _ in first])
    from_second = np.array([s for s, _ in second])
    cost_first = np.array([2 * machine.quantizer[s] + p for s, p in first])
    cost_second = np.array([2 * machine.quantizer[s] + p for s, p in second])

    cost = np.full((states, width), FAR, np.float32)
    cost[0] = 0
    choice = np.empty((length, states, width), np.bool_)
    options = np.empty((length, 4, width), np.int16)
    flat = bits.ravel()
    for start in range(0, length, _STEPS):
        span = slice(start, start + _STEPS)
        magnitude = np.abs(values[span])
        branches = np.empty((magnitude.shape[0], 4, width), np.float32)
        for q in (0, 1):
            base = (2 * places[span] + q) * MAGNITUDES
            costs, levels_of = candidates(magnitude, base, flat, q)
            if zeros is not None:
                hold_zeros(zeros[span], magnitude, flat.take(base), costs, levels_of)
            for parity in (0, 1):
                branches[:, 2 * q + parity] = costs[parity]
                options[span, 2 * q + parity] = levels_of[parity]
        for t, branch in enumerate(branches, start):
            a = cost.take(from_first, axis=0)
            a += branch.take(cost_first, axis=0)
            b = cost.take(from_second, axis=0)
            b += branch.take(cost_second, axis=0)
            np.less(b, a, out=choice[t])
            np.minimum(a, b, out=cost)
        # Keep the sums small: only differences matter.
        cost -= cost.min(axis=0)
    state = cost.argmin(axis=0)
    columns = np.arange(width)
    source_state = np.stack([from_first, from_second])
    source_option = np.stack([cost_first, cost_second])
    for t in range(length - 1, -1, -1):
        taken = choice[t, state, columns].astype(np.intp)
        option = source_option[taken, state]
        levels[t] = options[t, option, columns]
        quantizers[t] = option >> 1
        state = source_state[taken, state]
    levels *= np.where(values < 0, np.int32(-1), np.int32(1))

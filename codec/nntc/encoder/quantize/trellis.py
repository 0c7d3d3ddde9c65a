"""Rate-distortion optimal dependent quantization: a Viterbi search, vectorized over segments.

Trellis-coded quantization (Marcellin and Fischer, 1990) in the form of VVC's and NNC's dependent
quantization, with the rate of each token in the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.format.integers import ESCAPE
from nntc.format.trellis import EIGHT_STATES, Machine, on_fine_grid

MIN_LEVEL = -128
"""Level of token 0: even, as a trellis must have it, and the same everywhere, to share tables."""
MAX_LEVEL = 126
"""Largest magnitude that has a token; larger levels are escaped, and odd, as their token is."""
_ESCAPE_BITS = 30.0
MAGNITUDES = MAX_LEVEL + 4
"""Costs that `magnitude_costs` gives for each table."""
_BLOCK = 2048  # segments searched at once
_STEPS = 8  # places of a segment whose candidates are found at once
_FAR = np.float32(1e30)


@dataclass(frozen=True, slots=True, eq=False)
class TrellisLevels:
    """Levels in coded order with the quantizer each was chosen under.

    Parameters
    ----------
    levels
        int32, rank 1.
    quantizers
        uint8, rank 1.
    """

    levels: NDArray[np.int32]
    quantizers: NDArray[np.uint8]

    @property
    def tokens(self) -> NDArray[np.uint8]:
        """Tokens, uint8."""
        inside = (self.levels >= MIN_LEVEL) & (self.levels <= MAX_LEVEL)
        return np.where(inside, self.levels - MIN_LEVEL, ESCAPE).astype(np.uint8)

    @property
    def fine(self) -> NDArray[np.int32]:
        """Integers on the fine grid, int32: what the decoder multiplies by the step."""
        return on_fine_grid(self.levels, self.quantizers)


def search(
    x: NDArray[np.float32],
    contexts: NDArray[np.uint16],
    bits: NDArray[np.float32],
    lagrangian: float,
    segment: int,
    machine: Machine = EIGHT_STATES,
    zeros: NDArray[np.bool_] | None = None,
) -> TrellisLevels:
    """Find the levels of least distortion + lagrangian * rate.

    Parameters
    ----------
    x
        float32, rank 1: values in coded order, in units of the step; |x| below 60,000.
    contexts
        uint16, rank 1: context of each value.
    bits
        float32 [2 * contexts, 256]: cost of each token under table 2 * context + quantizer.
    lagrangian
        Squared steps per bit.
    segment
        Values between restarts of the trellis.
    zeros
        bool, rank 1: values that must be level 0.
    """
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
    scaled = magnitude_costs(bits, lagrangian)
    for start in range(0, segments, _BLOCK):
        span = slice(start, start + _BLOCK)
        own = None if held is None else held[:, span]
        _search_block(
            values[:, span], places[:, span], scaled, machine, own, levels[:, span], quantizers[:, span]
        )
    return TrellisLevels(levels.T.ravel()[:count], quantizers.T.ravel()[:count])


def candidates(
    magnitude: NDArray[np.float32],
    base: NDArray[np.int32],
    bits: NDArray[np.float32],
    q: int | NDArray[np.int32],
    weight: float | NDArray[np.float32] = 1.0,
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.int32]]]:
    """Return the costs and the magnitudes of the best even and the best odd level.

    Three magnitudes are tried: those whose points lie around the value, and the one below these.

    Parameters
    ----------
    magnitude, base
        float32 and int32 of the same shape: values, and where the costs of their table begin for level 0.
    bits
        float32, rank 1: costs of levels 0, 1, ... of all tables, the escape's from `MAX_LEVEL` + 1 on.
    q
        Quantizer: 0 or 1, of all values or of each.
    weight
        What a squared error counts, of all values or of each.
    """
    # Points are 2k, or 2k - 1 with 0 for k = 0.
    floor = ((magnitude + np.asarray(q, np.float32)) * np.float32(0.5)).astype(np.int32)
    squares = np.asarray(weight, np.float32)
    costs = []
    for k in (floor, floor + 1, np.abs(floor - 1)):
        distance = magnitude - np.maximum(2 * k - q, 0).astype(np.float32)
        rates = bits.take(base + np.minimum(k, MAX_LEVEL + 2 - (k & 1)))
        costs.append(squares * (distance * distance) + rates)
    lower = costs[2] < costs[1]
    neighbour = np.minimum(costs[1], costs[2])
    other = np.where(lower, np.abs(floor - 1), floor + 1)
    odd = (floor & 1).astype(np.bool_)
    even_cost, odd_cost = np.where(odd, neighbour, costs[0]), np.where(odd, costs[0], neighbour)
    even, uneven = np.where(odd, other, floor), np.where(odd, floor, other)
    return [even_cost, odd_cost], [even, uneven]


def hold_zeros(
    zeros: NDArray[np.bool_],
    magnitude: NDArray[np.float32],
    rates: NDArray[np.float32],
    costs: list[NDArray[np.float32]],
    levels: list[NDArray[np.int32]],
    weight: float | NDArray[np.float32] = 1.0,
) -> None:
    """Leave some values no candidate but level 0, which is even; changes costs and levels.

    Parameters
    ----------
    zeros
        bool, of a shape that broadcasts to that of all others: values that must be level 0.
    magnitude, weight
        As for `candidates`.
    rates
        float32: costs of level 0.
    costs, levels
        What `candidates` returned.
    """
    zero_costs = np.asarray(weight, np.float32) * (magnitude * magnitude) + rates
    costs[0] = np.where(zeros, zero_costs, costs[0])
    costs[1] = np.where(zeros, _FAR, costs[1])
    levels[0] = np.where(zeros, np.int32(0), levels[0])


def magnitude_costs(bits: NDArray[np.float32], lagrangian: float) -> NDArray[np.float32]:
    """Return the weighted cost of magnitudes 0..129 under each table: of the two signs the mean.

    Magnitudes beyond the tokens cost an escape if they are odd, 127 and 129 here; even ones cannot be
    coded, 128 here.
    """
    costs = np.full((bits.shape[0], MAGNITUDES), _ESCAPE_BITS, np.float32)
    k = np.arange(MAX_LEVEL + 1)
    costs[:, : MAX_LEVEL + 1] = (bits[:, k - MIN_LEVEL] + bits[:, -k - MIN_LEVEL]) / 2
    costs *= np.float32(lagrangian)
    costs[:, MAX_LEVEL + 2] = _FAR
    return costs


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
    sources: list[list[tuple[int, int]]] = [[] for _ in range(states)]
    for state, targets in enumerate(machine.next):
        for parity, target in enumerate(targets):
            sources[target].append((state, parity))
    first = [a for a, _ in sources]
    second = [b for _, b in sources]
    from_first = np.array([s for s, _ in first])
    from_second = np.array([s for s, _ in second])
    cost_first = np.array([2 * machine.quantizer[s] + p for s, p in first])
    cost_second = np.array([2 * machine.quantizer[s] + p for s, p in second])

    cost = np.full((states, width), _FAR, np.float32)
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

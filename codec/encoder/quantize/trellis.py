"""Rate-distortion optimal dependent quantization: a Viterbi search, vectorized over segments.

Trellis-coded quantization (Marcellin and Fischer, 1990) in the form of VVC's and NNC's dependent
quantization, with the rate of the actual frequency tables in the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.format.registry import ESCAPE
from codec.format.trellis import EIGHT_NEXT, EIGHT_QUANTIZER, FOUR_NEXT, FOUR_QUANTIZER

LO = -128
"""Level of token 0; even, as a trellis must have it, and the same everywhere, so that tables can be shared."""
MAX_LEVEL = 126
"""Largest magnitude that has a token; larger levels are escaped, and odd, as their token is."""
_ESCAPE_BITS = 30.0
_BLOCK = 4096  # segments searched at once
_FAR = np.float32(1e30)


@dataclass(frozen=True, slots=True)
class Machine:
    """A trellis: for each state the next one by parity, and the quantizer it uses."""

    code: int
    next: tuple[tuple[int, int], ...]
    quantizer: tuple[int, ...]


FOUR_STATES = Machine(1, FOUR_NEXT, FOUR_QUANTIZER)
EIGHT_STATES = Machine(2, EIGHT_NEXT, EIGHT_QUANTIZER)


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
        inside = np.abs(self.levels) <= MAX_LEVEL
        return np.where(inside, self.levels - LO, ESCAPE).astype(np.uint8)

    @property
    def fine(self) -> NDArray[np.int32]:
        """Integers on the fine grid, int32: what the decoder multiplies by the step."""
        k = self.levels
        return 2 * k - np.sign(k) * self.quantizers


def search(
    x: NDArray[np.float32],
    numbers: NDArray[np.uint16],
    bits: NDArray[np.float32],
    lagrangian: float,
    segment: int,
    machine: Machine = EIGHT_STATES,
) -> TrellisLevels:
    """Find the levels of least distortion + lagrangian * rate.

    Parameters
    ----------
    x
        float32, rank 1: values in coded order, in units of the step; |x| below 2**24.
    numbers
        uint16, rank 1: context of each value.
    bits
        float32 [2 * contexts, 256]: cost of each token under table 2 * context + quantizer.
    lagrangian
        Squared steps per bit.
    segment
        Values between restarts of the trellis.
    """
    count = x.size
    segments = -(-count // segment)
    padded = np.zeros(segments * segment, np.float32)
    padded[:count] = x
    contexts = np.zeros(segments * segment, np.int32)
    contexts[:count] = numbers
    # Segment-major to time-major: one row holds the same place of every segment.
    values = np.ascontiguousarray(padded.reshape(segments, segment).T)
    places = np.ascontiguousarray(contexts.reshape(segments, segment).T)
    levels = np.empty((segment, segments), np.int32)
    quantizers = np.empty((segment, segments), np.uint8)
    scaled = (bits * np.float32(lagrangian)).astype(np.float32)
    scaled[:, ESCAPE] = _ESCAPE_BITS * lagrangian
    for start in range(0, segments, _BLOCK):
        span = slice(start, start + _BLOCK)
        _search_block(values[:, span], places[:, span], scaled, machine, levels[:, span], quantizers[:, span])
    return TrellisLevels(levels.T.ravel()[:count], quantizers.T.ravel()[:count])


def _candidates(
    magnitude: NDArray[np.float32], place: NDArray[np.int32], negative: NDArray[np.bool_], bits: NDArray[np.float32], q: int
) -> list[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    """Return for each parity the best cost and magnitude of a level under quantizer `q`.

    Two magnitudes of each parity are tried, the nearest and the next towards zero.
    """
    flat = bits.ravel()
    base = (2 * place + q) * 256 - LO
    sign = np.where(negative, np.int32(-1), np.int32(1))
    found = []
    for parity in (0, 1):
        # Reconstruction 2k - q for k > 0: nearest k of this parity.
        near = np.rint((magnitude + np.float32(q - 2 * parity)) * np.float32(0.25)) * 2 + parity
        near = np.maximum(near, np.float32(parity))
        if parity == 0:
            near = np.minimum(near, np.float32(MAX_LEVEL))
        below = np.maximum(near - 2, np.float32(parity))
        costs = []
        for k in (near, below):
            point = np.maximum(2 * k - np.float32(q), np.float32(0)) if q else 2 * k
            distance = magnitude - point
            signed = sign * k.astype(np.int32)
            if parity:
                signed = np.where(k > MAX_LEVEL, np.int32(ESCAPE + LO), signed)
            costs.append(distance * distance + flat.take(base + signed))
        nearer = costs[0] <= costs[1]
        level = np.where(nearer, near, below).astype(np.int32)
        found.append((np.where(nearer, costs[0], costs[1]), level))
    return found


def _search_block(
    values: NDArray[np.float32],
    places: NDArray[np.int32],
    bits: NDArray[np.float32],
    machine: Machine,
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
    options = np.empty((length, 4, width), np.int32)
    for t in range(length):
        negative = values[t] < 0
        magnitude = np.abs(values[t])
        pairs = [c for q in (0, 1) for c in _candidates(magnitude, places[t], negative, bits, q)]
        branch = np.stack([c for c, _ in pairs])
        for i, (_, level) in enumerate(pairs):
            options[t, i] = level
        a = cost[from_first] + branch[cost_first]
        b = cost[from_second] + branch[cost_second]
        np.less(b, a, out=choice[t])
        cost = np.minimum(a, b)
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

"""Dependent quantization with error feedback: errors of a row's columns cancel in the layer's output.

The output error of a row of weights is error @ M for an upper triangular M (`metric.py`). Taken column by
column, what earlier errors do to a column is known when its level is chosen, and the level is chosen for the
weight and that together: noise feedback, as in GPTQ (Frantar et al., 2023) and OBQ, here in the form of
successive interference cancellation (Babai's nearest plane).

Levels are chosen by a trellis search with the rate in its cost (`trellis.py`). The value to be quantized then
depends on the path so far, so every survivor has its own errors: per-survivor processing (Raheli, Polydoros
and Tzou, 1995), with several survivors for each state (a list Viterbi search), which comes nearer to the
nearest point of the lattice than one does. Survivors of a row agree on what lies `_BLOCK` columns or more
back, or are dropped: only the errors since are kept for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.survivors import Floats, Past, two_least
from nntc.encoder.quantize.trellis import (
    MAGNITUDES,
    TrellisLevels,
    candidates,
    hold_zeros,
    magnitude_costs,
)
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.format.trellis import EIGHT_STATES, Machine, on_fine_grid

SURVIVORS = 2
"""Survivors of each state. Measured on SqueezeNet's layers, bits at equal output error: 2 save 0.02 over
one, 8 save 0.035 for four times the time."""
_BLOCK = 32  # columns between decisions
_INNER = 8  # columns whose errors are spread one by one
_ROWS = 1024  # searched at once: enough for two threads to be of use
_FAR = np.float32(1e30)
_GRID = UniformQuantizer(2.0**-12)
"""Errors and filters are multiples of its step: their products add up exactly in binary64, in any order."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Weights in the order in which they are quantized.

    Parameters
    ----------
    x
        float32 [sequences, length]: weights in units of their column's step.
    filters
        float64 [groups, length, length], unit upper triangular: what an error of one step in a column (first
        index) does to a later one, in steps of that. Equal runs of sequences have a group each.
    weights
        float32 [groups, length]: power in the output of an error of one step, relative to other columns.
    contexts
        uint16 [sequences, length]: context of each weight.
    zeros
        bool [sequences, length]: weights that must be level 0.
    """

    x: Floats
    filters: NDArray[np.float64]
    weights: Floats
    contexts: NDArray[np.uint16]
    zeros: NDArray[np.bool_] | None = None


def search_with_feedback(
    sequences: Sequences,
    bits: Floats,
    lagrangian: float,
    survivors: int = SURVIVORS,
    machine: Machine = EIGHT_STATES,
) -> TrellisLevels:
    """Find levels of low output error + lagrangian * rate; the trellis starts anew in every sequence.

    Parameters
    ----------
    sequences
        What to quantize.
    bits
        float32 [2 * contexts, 256]: cost of each token under table 2 * context + quantizer.
    lagrangian
        Squared steps per bit.
    survivors
        Survivors of each state.

    Returns
    -------
    Levels and quantizers, rank 1, sequence after sequence.
    """
    count, length = sequences.x.shape
    levels = np.empty((count, length), np.int32)
    quantizers = np.empty((count, length), np.uint8)
    costs = magnitude_costs(bits, lagrangian).ravel()
    x = _GRID.nearest(sequences.x.astype(np.float64)).astype(np.float32)
    filters = _GRID.nearest(sequences.filters)
    for rows, groups in _parts(count, len(filters)):
        search = _Search(
            x[rows],
            filters[groups],
            sequences.weights[groups],
            sequences.contexts[rows],
            None if sequences.zeros is None else sequences.zeros[rows],
            costs,
            machine,
            survivors,
        )
        levels[rows], quantizers[rows] = search.run()
    return TrellisLevels(levels.ravel(), quantizers.ravel())


def _parts(count: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """Yield sequences to search at once, and their groups: whole groups, or a part of one."""
    own = count // groups
    at_once = max(1, _ROWS // own)
    step = _ROWS if at_once == 1 else at_once * own
    for group in range(0, groups, at_once):
        end = min(group + at_once, groups)
        for row in range(group * own, end * own, step):
            yield slice(row, min(row + step, end * own)), slice(group, end)


class _Search:
    """The search over some sequences; arrays are [paths, rows], a path being a state's survivor."""

    def __init__(
        self,
        x: Floats,
        filters: NDArray[np.float64],
        weights: Floats,
        contexts: NDArray[np.uint16],
        zeros: NDArray[np.bool_] | None,
        costs: Floats,
        machine: Machine,
        survivors: int,
    ) -> None:
        self._x, self._filters, self._costs, self._zeros = x, filters, costs, zeros
        self._rows, self._length = x.shape
        self._per_group = self._rows // len(filters)
        self._weights = np.repeat(weights, self._per_group, axis=0) if len(filters) > 1 else weights
        self._bases = np.ascontiguousarray(contexts.T).astype(np.int32) * (2 * MAGNITUDES)
        states = len(machine.next)
        self._survivors = survivors
        self._paths = states * survivors
        self._q = np.repeat(np.array(machine.quantizer, np.int32), survivors)[:, None]
        sources: list[list[int]] = [[] for _ in range(states)]
        for state, targets in enumerate(machine.next):
            for parity, target in enumerate(targets):
                first = parity * self._paths + state * survivors
                sources[target] += range(first, first + survivors)
        # [2 * survivors, states, rows]: where a state's candidates lie in [parity, path, row].
        self._candidates = np.array(sources).T[:, :, None] * self._rows + np.arange(self._rows)
        self._quantizer_of = np.broadcast_to(self._q.astype(np.uint8), (self._paths, self._rows)).ravel()

    def run(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Return levels and quantizers, [rows, length]."""
        levels = np.empty((self._rows, self._length), np.int32)
        quantizers = np.empty((self._rows, self._length), np.uint8)
        settled = np.zeros((self._rows, self._length))
        cost = np.full((self._paths, self._rows), _FAR, np.float32)
        cost[0] = 0
        past: Past | None = None
        for start in range(0, self._length, _BLOCK):
            span = slice(start, min(start + _BLOCK, self._length))
            cost, ancestors, block = self._block(cost, self._targets(settled, past, span), span)
            if past is not None:
                cost = self._settle(cost, past.of(ancestors), settled, levels, quantizers)
            past = block
        if past is not None:
            self._settle(cost, past, settled, levels, quantizers)
        return levels, quantizers

    def _settle(
        self,
        cost: Floats,
        past: Past,
        settled: NDArray[np.float64],
        levels: NDArray[np.int32],
        quantizers: NDArray[np.uint8],
    ) -> Floats:
        """Decide a block as the best survivor has it; return costs, those of dissenters beyond reach."""
        best, rows = cost.argmin(axis=0), np.arange(self._rows)
        span = slice(past.start, past.start + past.levels.shape[2])
        levels[:, span] = past.levels[best, rows]
        quantizers[:, span] = past.quantizers[best, rows]
        settled[:, span] = past.errors[best, rows]
        return np.where((past.levels == levels[:, span]).all(axis=2), cost, _FAR)

    def _targets(self, settled: NDArray[np.float64], past: Past | None, span: slice) -> Floats:
        """Return what each survivor would quantize in the next block without errors in it.

        float32 [paths * rows, columns]
        """
        before = span.start if past is None else past.start
        width = span.stop - span.start
        common = self._x[:, span] + self._spread(settled[None, :, :before], slice(0, before), span)
        if past is None:
            targets = np.broadcast_to(common, (self._paths, self._rows, width))
        else:
            own = slice(past.start, past.start + past.errors.shape[2])
            targets = common + self._spread(past.errors, own, span)
        return targets.astype(np.float32).reshape(-1, width)

    def _spread(self, errors: NDArray[np.floating], columns: slice, span: slice) -> NDArray[np.float64]:
        """Return what errors [paths, rows, columns] do to later columns."""
        paths, rows, width = errors.shape
        grouped = errors.astype(np.float64).reshape(paths, len(self._filters), self._per_group, width)
        spread: NDArray[np.float64] = grouped @ self._filters[:, columns, span]
        return spread.reshape(paths, rows, -1)

    def _block(self, cost: Floats, targets: Floats, span: slice) -> tuple[Floats, NDArray[np.intp], Past]:
        """Search a block; return costs, the survivors' ancestors at its start, and what they decided."""
        blocks: list[tuple[NDArray[np.intp], Past]] = []
        for start in range(span.start, span.stop, _INNER):
            inner, later = slice(start, min(start + _INNER, span.stop)), slice(start + _INNER, span.stop)
            width = inner.stop - start
            cost, ancestors, past = self._columns(cost, targets[:, :width], inner)
            blocks.append((ancestors, past))
            if later.start < later.stop:
                spread = self._spread(past.errors, inner, later).astype(np.float32)
                targets = targets[:, width:].take(ancestors, axis=0) + spread.reshape(len(targets), -1)
        # Keep the sums small: only differences matter.
        cost = np.minimum(cost - cost.min(axis=0), _FAR)
        ancestors, past = blocks[-1]
        for earlier, before in reversed(blocks[:-1]):
            past = before.of(ancestors).then(past)
            ancestors = earlier.take(ancestors)
        return cost, ancestors, past

    def _columns(self, cost: Floats, targets: Floats, span: slice) -> tuple[Floats, NDArray[np.intp], Past]:
        """Search some columns; return as `_block` does."""
        paths, rows = self._paths, self._rows
        width = span.stop - span.start
        targets = np.ascontiguousarray(targets.T)  # by column
        steps: list[tuple[NDArray[np.intp], NDArray[np.int32], Floats]] = []
        for i, k in enumerate(range(span.start, span.stop)):
            z = targets[i].reshape(paths, rows)
            weight = self._weights[:, k] if len(self._filters) > 1 else self._weights[0, k]
            base = self._bases[k] + self._q * MAGNITUDES
            branches, magnitudes = candidates(np.abs(z), base, self._costs, self._q, weight)
            if self._zeros is not None:
                rates = self._costs.take(base)
                hold_zeros(self._zeros[:, k], np.abs(z), rates, branches, magnitudes, weight)
            total = (np.stack(branches) + cost).ravel()
            cost, chosen = self._select(total)
            source = chosen % (paths * rows)
            level = np.stack(magnitudes).ravel().take(chosen)
            level *= np.where(z.ravel().take(source) < 0, np.int32(-1), np.int32(1))
            fine = on_fine_grid(level, self._quantizer_of.take(source))
            error = np.tile(self._x[:, k], paths) - fine.astype(np.float32)
            steps.append((source, level, error))
            if i + 1 < width:
                filters = self._filters[:, k, k + 1 : span.stop].astype(np.float32)
                left = (
                    targets[i + 1 :].take(source, axis=1).reshape(width - i - 1, paths, -1, self._per_group)
                )
                left += error.reshape(paths, -1, self._per_group) * filters.T[:, None, :, None]
                targets[i + 1 :] = left.reshape(width - i - 1, -1)
        return cost, *self._trace(steps, span)

    def _select(self, total: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Return the best candidates of each state: costs [paths, rows] and their places [paths * rows]."""
        costs = total.take(self._candidates)
        if self._survivors == 2:
            best, places = two_least(costs, self._candidates)
        else:
            order = costs.argsort(axis=0, kind="stable")[: self._survivors]
            best, places = (np.take_along_axis(of, order, 0) for of in (costs, self._candidates))
        return best.swapaxes(0, 1).reshape(self._paths, -1), places.swapaxes(0, 1).ravel()

    def _trace(
        self, steps: list[tuple[NDArray[np.intp], NDArray[np.int32], Floats]], span: slice
    ) -> tuple[NDArray[np.intp], Past]:
        """Follow all survivors back to the start of a block."""
        shape = self._paths * self._rows, len(steps)
        errors = np.empty(shape, np.float32)
        levels = np.empty(shape, np.int32)
        quantizers = np.empty(shape, np.uint8)
        at = np.arange(shape[0])
        for i in range(len(steps) - 1, -1, -1):
            source, level, error = steps[i]
            errors[:, i] = error.take(at)
            levels[:, i] = level.take(at)
            at = source.take(at)
            quantizers[:, i] = self._quantizer_of.take(at)
        cube = self._paths, self._rows, len(steps)
        return at, Past(span.start, errors.reshape(cube), levels.reshape(cube), quantizers.reshape(cube))

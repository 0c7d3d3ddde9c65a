"""Trellis search with error feedback: per-survivor processing, all sequences side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.trellis import FAR, MAGNITUDES
from nntc.format.trellis import Machine, on_fine_grid
from nntc.kernels.numpy.candidates import candidates, hold_zeros
from nntc.kernels.numpy.survivors import Past, two_least
from nntc.kernels.numpy.ways import ways_into
from nntc.kernels.sequences import BLOCK, Floats, Sequences

_INNER = 8  # columns whose errors are spread one by one


def search_feedback(
    sequences: Sequences, costs: Floats, survivors: int, machine: Machine
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Find levels of low cost; as `nntc.kernels.encoding.search_feedback`."""
    return _Search(sequences, costs.ravel(), survivors, machine).run()


class _Search:
    """The search over some sequences; arrays are [paths, rows], a path being a state's survivor."""

    def __init__(self, sequences: Sequences, costs: Floats, survivors: int, machine: Machine) -> None:
        self._x, self._filters, self._zeros = sequences.x, sequences.filters, sequences.zeros
        self._starts_anew = sequences.starts_anew
        self._costs = costs
        filters, weights, contexts = sequences.filters, sequences.weights, sequences.contexts
        self._rows, self._length = self._x.shape
        self._per_group = self._rows // len(filters)
        self._weights = np.repeat(weights, self._per_group, axis=0) if len(filters) > 1 else weights
        self._bases = np.ascontiguousarray(contexts.T).astype(np.int32) * (2 * MAGNITUDES)
        states = len(machine.next)
        self._survivors = survivors
        self._paths = states * survivors
        self._q = np.repeat(np.array(machine.quantizer, np.int32), survivors)[:, None]
        sources: list[list[int]] = [[] for _ in range(states)]
        for target, ways in enumerate(ways_into(machine)):
            for state, parity in ways:
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
        cost = anew = np.full((self._paths, self._rows), FAR, np.float32)
        anew[0] = 0
        past: Past | None = None
        for start in range(0, self._length, BLOCK):
            span = slice(start, min(start + BLOCK, self._length))
            if past is not None and self._starts_anew(start):
                self._settle(cost, past, settled, levels, quantizers)
                cost, past = anew, None
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
        return np.where((past.levels == levels[:, span]).all(axis=2), cost, FAR)

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
        cost = np.minimum(cost - cost.min(axis=0), FAR)
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

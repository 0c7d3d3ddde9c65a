"""Levels of quantized weights that were coded before, found from their integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.integer_grid import ROUNDING, IntegerGrid
from nntc.encoder.methods.fineness import is_finer_than_integers
from nntc.encoder.methods.lattice import Lattice
from nntc.encoder.methods.recognize.paths import SEARCHED, segments
from nntc.encoder.methods.recognize.periods import column_periods, common_period
from nntc.encoder.methods.weights import LONG_SEGMENT, SEGMENT, Quantized
from nntc.encoder.quantize.dct import mixing_gain
from nntc.encoder.quantize.rates import density_of, family_of
from nntc.encoder.quantize.row_steps import RowSteps, find_row_steps, steps_on_grid
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.quantize.shaping import Shaping
from nntc.encoder.quantize.trellis import TrellisLevels
from nntc.format.steps import STEP_CODES
from nntc.format.trellis import Machine

_SAMPLE = 1 << 14
_LEAST_DISTINCT = 3
_OFF = 1.5
"""Squared errors of a path, of those that rounding to integers makes."""
_FITS = 4
_NEARLY = 0.9  # of the rows may differ while the step is fitted
_NEAR_CODES = 0, 1, -1, 2, -2
"""What the codes of small rows may have been more, before noise was added to them."""


@dataclass(frozen=True, slots=True, eq=False)
class RecognizedIntegers:
    """Integers that were coded before: `quantized` decodes to exactly these; None if it is not known."""

    quantized: Quantized | None


def recognize_integers(
    grid: IntegerGrid, patterns: NDArray[np.uint8], domains: Sequence[Shaping]
) -> RecognizedIntegers | None:
    """Return levels of integers that were coded before, None for integers that are near to no multiples.

    Parameters
    ----------
    grid
        What they stand for.
    patterns
        uint8, rank 1: their bytes in coded order.
    domains
        Views and transforms that methods may have coded them with.
    """
    integers = grid.integers(patterns)
    is_seen = False
    if np.unique(integers).size < _LEAST_DISTINCT:
        return None
    for row_steps in _row_steps(grid, integers):
        for shaping in domains:
            x = Lattice(grid, replace(shaping, codes=None), row_steps.codes, 1.0).coefficients(integers)
            for codes, step in _steps(x, STEP_CODES[row_steps.codes], shaping):
                found = _on_path(grid, integers, row_steps, replace(shaping, codes=codes), step)
                if found is not None and not is_finer_than_integers(found, grid):
                    return RecognizedIntegers(found)
                is_seen = True
        if not is_seen:
            return None  # nor with other steps of the few small rows
    return RecognizedIntegers(None)


def _row_steps(grid: IntegerGrid, integers: NDArray[np.int64]) -> Iterator[RowSteps]:
    """Yield the steps that rows may have had: those of small rows as they were before coding, or nearly."""
    small = find_row_steps(integers * grid.scales[:, None])
    if small is not None:
        smallest = small.codes == small.codes.min()
        for off in _NEAR_CODES:
            codes = np.where(smallest, small.codes.astype(np.int64), small.codes + np.int64(off))
            if codes.min() >= 0:
                yield steps_on_grid(grid.scales, RowSteps((codes - codes.min()).astype(np.uint8)))
    yield steps_on_grid(grid.scales, None)


def _steps(
    x: NDArray[np.float64], rows: NDArray[np.float64], shaping: Shaping
) -> Iterator[tuple[NDArray[np.uint8] | None, float]]:
    """Yield step codes of columns with the step that all count in."""
    plain = shaping.transform is None
    columns = np.ones(x.shape[1]) if shaping.codes is None else STEP_CODES[shaping.codes]
    units = np.outer(rows, columns)
    step = common_period((x / units).ravel(), units.ravel(), plain=plain)
    if step is not None:
        yield shaping.codes, step
    found = column_periods(x / rows[:, None], rows, plain=plain)
    if found is not None:
        yield found


def _on_path(
    grid: IntegerGrid,
    integers: NDArray[np.int64],
    row_steps: RowSteps,
    shaping: Shaping,
    step: float,
) -> Quantized | None:
    """Return levels that decode to integers."""
    lattice = Lattice(grid, shaping, row_steps.codes, step / mixing_gain(shaping.transform))
    chosen = _segment(lattice, integers)
    if chosen is None:
        return None
    segment, machine = chosen
    zeros = grid.zeros((integers * grid.scales[:, None]).ravel())
    none = None if zeros is None else integers.ravel() == 0
    for _ in range(_FITS):
        found = lattice.nearest(integers, segment, machine, none)
        lattice = replace(lattice, step=_step(lattice, integers, found))
        off = np.any(lattice.integers(found.fine) != integers, axis=1)
        if not off.any():
            density = 1.0 if zeros is None else 1 - float(np.mean(zeros))
            return _quantized(lattice, row_steps, found, segment, density)
        if np.mean(off) > _NEARLY:
            break
    return None


def _segment(lattice: Lattice, integers: NDArray[np.int64]) -> tuple[int, Machine] | None:
    """Return length of segments and trellis under which some of the integers are nearest to levels."""
    rows = max(1, min(len(integers), _SAMPLE // integers.shape[1]))
    some = slice(0, rows)
    own = replace(
        lattice,
        grid=lattice.grid.rows(0, rows),
        row_codes=lattice.row_codes[some],
        shaping=replace(lattice.shaping, view=replace(lattice.shaping.view, rows=rows)),
    )
    units, x = own.units, own.coefficients(integers[some])
    best: tuple[float, int, Machine] | None = None
    for segment, machine in product(segments(integers.shape[1], SEGMENT, LONG_SEGMENT), SEARCHED):
        size = units.size // segment * segment or units.size
        fine = own.nearest(integers[some], segment, machine).fine.reshape(units.shape)
        errors = np.square(x - fine * units).ravel()[:size].reshape(-1, min(segment, units.size))
        off = float(np.median(errors.mean(axis=1))) / ROUNDING
        if best is None or off < best[0]:
            best = off, segment, machine
    return None if best is None or best[0] > _OFF else best[1:]


def _step(lattice: Lattice, integers: NDArray[np.int64], found: TrellisLevels) -> float:
    """Return the step with which levels decode to the most of these integers, a binary32."""
    per_step = lattice.scaled(found.fine) * (lattice.factors / lattice.step)
    used = per_step != 0
    sizes, signed = np.abs(per_step[used]), (integers * np.sign(per_step))[used]
    ends = np.concatenate([(signed - 0.5) / sizes, (signed + 0.5) / sizes])
    order = np.argsort(ends, kind="stable")
    fitting = np.cumsum(np.where(order < sizes.size, 1, -1))
    most = int(fitting.argmax())
    low, high = ends[order[most]], ends[order[min(most + 1, order.size - 1)]]
    return float(np.float32((low + high) / 2)) if low > 0 and np.isfinite(high) else lattice.step


def _quantized(
    lattice: Lattice, row_steps: RowSteps, found: TrellisLevels, segment: int, density: float
) -> Quantized:
    """Return levels as the encoder has them before it writes them."""
    shaping = lattice.shaping
    steps = (
        np.ones(1) if shaping.codes is None else STEP_CODES[shaping.codes] / STEP_CODES[shaping.codes].min()
    )
    least = 1.0 if shaping.codes is None else STEP_CODES[0]
    shaping = replace(shaping, steps=steps * least)
    family = family_of(density)
    magnitudes = (np.abs(found.fine) / density_of(family)).astype(np.float32)
    return Quantized(
        lattice.step * mixing_gain(shaping.transform) * row_steps.unit,
        shaping,
        fit_scales(magnitudes, shaping.view),
        found,
        segment,
        family,
        row_steps,
    )

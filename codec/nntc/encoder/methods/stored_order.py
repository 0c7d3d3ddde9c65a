"""Weights stored inputs first, quantized row after row: each row is those of all outputs for one input.

A decoder with little memory takes a matrix [inputs, outputs] as it is stored. Feedback goes from input to
input all the same: when a row's levels are chosen, what the errors of the rows before do to it is known for
every output. The trellis runs along the row, over outputs, whose errors do not meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.methods.calibrated_weights import (
    LAGRANGIAN,
    NOISE,
    CalibratedLevels,
    rounded_step,
    step_codes,
)
from nntc.encoder.methods.weights import (
    MOST_STEPS,
    SEGMENT,
    Quantized,
    is_scalar,
    scale_contexts,
)
from nntc.encoder.quantize.feedback import GRID
from nntc.encoder.quantize.metric import OutputMetric, output_metric
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.rates import density_of, family_of, pruned_bits
from nntc.encoder.quantize.row_steps import RowSteps, find_row_steps
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.quantize.shaping import Shaping, with_column_codes
from nntc.encoder.quantize.trellis import TrellisLevels, search
from nntc.format.registry import ViewKind
from nntc.format.trellis import EIGHT_STATES, Machine
from nntc.format.view import View

_SHORTEST, _LONGEST = 32, 512
"""Columns between restarts of the trellis."""
_BLOCK = 64
"""Rows after which what their errors do to all later ones is added up."""


def is_stored_order(statistics: TensorStatistics, view: View) -> bool:
    """Return whether a matrix has inputs as rows, and outputs as columns, of what statistics describe."""
    described = statistics.view
    return (
        not statistics.is_diagonal
        and len(statistics.moment) == 1
        and described.kind is ViewKind.TRANSPOSED
        and view.kind is ViewKind.MATRIX
        and view.columns == described.rows
        and view.rows <= described.columns
        and _segment(view.columns) is not None
    )


def inputs_of(statistics: TensorStatistics, first: int, count: int) -> TensorStatistics:
    """Return the statistics of some of the inputs: rows first..first + count of a matrix as it is stored."""
    own = slice(first, first + count)
    prior = statistics.weight_prior
    return replace(
        statistics,
        view=View(ViewKind.MATRIX, statistics.view.rows, count),
        moment=statistics.moment[:, own, own],
        mean=statistics.mean.reshape(1, -1)[:, own],
        weight_prior=None if prior is None else prior[:, own, own],
    )


def quantize_in_stored_order(
    plain: Shaping,
    values: NDArray[np.float64],
    statistics: TensorStatistics,
    noise: float,
    has_output_bias: bool,
    machine: Machine = EIGHT_STATES,
) -> CalibratedLevels:
    """Quantize weights for an output error, with as few bits as possible.

    Parameters
    ----------
    plain
        The view, with inputs as rows.
    values
        float64, rank 1, finite, in coded order.
    statistics
        Of these inputs; see `inputs_of`.
    noise, has_output_bias, machine
        As for `quantize_calibrated`.

    Raises
    ------
    numpy.linalg.LinAlgError
        The statistics are of no use, or the weights are too precise for a trellis.
    """
    matrix = values.reshape(plain.view.rows, -1)
    zeros = pruned_zeros(values)
    density = 1.0 if zeros is None else 1 - float(np.mean(zeros))
    metric = output_metric(statistics, matrix.T, noise, centred=has_output_bias)
    steps = _steps(plain, matrix, metric, noise, density, machine)
    x = matrix / steps.all
    if not np.isfinite(x).all() or np.abs(x).max() > MOST_STEPS or is_scalar(np.abs(x)):
        raise np.linalg.LinAlgError("weights out of range")
    family = family_of(density)
    scales = fit_scales((np.abs(x) / density_of(family)).astype(np.float32).ravel(), plain.view)
    contexts = scale_contexts(scales, steps.shaping).reshape(matrix.shape)
    kept = None if zeros is None else zeros.reshape(matrix.shape)
    segment = _segment(plain.view.columns) or SEGMENT
    filters = metric.factors[0] * steps.rows[:, None]
    filters /= np.diagonal(filters).copy()
    found = _search(x, filters, contexts, kept, pruned_bits(family), segment, machine)
    magnitudes = np.abs(found.fine).astype(np.float32) / np.float32(density_of(family))
    error = (x - found.fine.reshape(x.shape)) * steps.all
    shift = error.T @ metric.mean[0] if has_output_bias else None
    quantized = Quantized(
        steps.base,
        steps.shaping,
        fit_scales(magnitudes, plain.view),
        found,
        segment,
        family,
        RowSteps(steps.codes),
    )
    return CalibratedLevels(quantized, shift, metric.power(error.T) / metric.power(matrix.T))


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Steps of a matrix: base * rows * those of the shaping's columns."""

    base: float
    codes: NDArray[np.uint8]
    shaping: Shaping

    @property
    def rows(self) -> NDArray[np.float64]:
        return RowSteps(self.codes).factors

    @property
    def all(self) -> NDArray[np.float64]:
        return np.outer(self.base * self.rows, np.resize(self.shaping.steps, self.shaping.view.columns))


def _steps(
    plain: Shaping,
    matrix: NDArray[np.float64],
    metric: OutputMetric,
    noise: float,
    density: float,
    machine: Machine,
) -> _Steps:
    """Return steps inversely proportional to what an input's errors do, and smaller ones of small outputs."""
    diagonal = np.diagonal(metric.factors[0])
    codes, relative = step_codes(1 / diagonal, matrix.shape[1])
    power = metric.power(matrix.T) / (matrix.size * density)
    gain = float(np.mean((diagonal * relative) ** 2))
    if not (0 < gain < np.inf and 0 < power < np.inf):
        raise np.linalg.LinAlgError("inputs out of range")
    left = NOISE[machine.trellis] * gain
    base = rounded_step(float(np.sqrt(noise * power / left)) * float(relative.max()))
    if codes is None:
        codes = np.zeros(len(matrix), np.uint8)
    small = find_row_steps(matrix.T)
    return _Steps(base, codes, plain if small is None else with_column_codes(plain, small.codes))


def _segment(columns: int) -> int | None:
    """Return after how many columns the trellis starts anew, so that every row begins so; None for none."""
    fitting = [n for n in range(_SHORTEST, min(columns, _LONGEST) + 1) if columns % n == 0]
    return min(fitting, key=lambda n: abs(n - SEGMENT), default=None)


def _search(
    x: NDArray[np.float64],
    filters: NDArray[np.float64],
    contexts: NDArray[np.uint16],
    zeros: NDArray[np.bool_] | None,
    bits: NDArray[np.float32],
    segment: int,
    machine: Machine,
) -> TrellisLevels:
    """Search the levels of each row for it and for the errors of those before.

    Errors and filters are multiples of the grid's step: their products add up exactly, in any order.
    """
    x, filters = GRID.nearest(x), GRID.nearest(filters)
    target, errors = x.copy(), np.empty_like(x)
    levels, quantizers = np.empty(x.shape, np.int32), np.empty(x.shape, np.uint8)
    for start in range(0, len(x), _BLOCK):
        end = min(start + _BLOCK, len(x))
        for row in range(start, end):
            wanted = target[row] + filters[start:row, row] @ errors[start:row]
            kept = None if zeros is None else zeros[row]
            found = search(wanted.astype(np.float32), contexts[row], bits, LAGRANGIAN, segment, machine, kept)
            levels[row], quantizers[row] = found.levels, found.quantizers
            errors[row] = x[row] - found.fine
        target[end:] += filters[start:end, end:].T @ errors[start:end]
    return TrellisLevels(levels.ravel(), quantizers.ravel(), machine)

"""Weights whose layer's inputs are known, quantized with feedback for the least error of its output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.weights import (
    MOST_STEPS,
    SCALAR,
    Quantized,
    Scalar,
    expected_size,
    is_scalar,
    is_within_limits,
    scale_contexts,
)
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.feedback import search_with_feedback
from nntc.encoder.quantize.metric import OutputMetric, output_metric
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.rates import density_of, family_of, pruned_bits
from nntc.encoder.quantize.row_steps import RowSteps, find_row_steps, steps_on_grid
from nntc.encoder.quantize.scales import Scales, fit_scales
from nntc.encoder.quantize.shaping import Shaping
from nntc.encoder.quantize.uniform import WHOLE, UniformQuantizer
from nntc.format.steps import STEP_CODES
from nntc.format.trellis import EIGHT_STATES, Machine, Trellis
from nntc.kernels.sequences import BLOCK, Sequences

NOISE = {Trellis.EIGHT_STATES: 0.26, Trellis.MANY_STATES: 0.25}
"""Squared steps of noise that the trellis leaves with feedback."""
LAGRANGIAN = 0.2
"""Squared steps per bit: less than without feedback, as errors make later values larger."""
_LEAST_LENGTH = {Trellis.EIGHT_STATES: 96, Trellis.MANY_STATES: 192}
"""Rows shorter than this are chained: a trellis takes some columns to get going."""
_LONGEST = 512
"""A decoder keeps a segment of each lane: the trellis starts anew after so many columns."""
_MANTISSAS = UniformQuantizer(2.0**-12)
"""Of base steps."""
_CODES_PER_ROW = 800.0
"""Column step codes are worth sqrt(this / rows) units: a step off by that costs as much as finer codes."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedLevels:
    """A quantized tensor.

    Parameters
    ----------
    shift
        float64 [rows]: what the quantized weights add to the mean of each output; None if not known.
    noise
        Power of the output error, relative to the output's.
    """

    quantized: Quantized | Scalar
    shift: NDArray[np.float64] | None
    noise: float


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A shaping with the weights in its domain and units."""

    shaping: Shaping
    metric: OutputMetric
    base_step: float
    x: NDArray[np.float64]
    scales: Scales
    family: int
    zeros: NDArray[np.bool_] | None
    row_steps: RowSteps | None

    def in_weights(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values in steps as coefficients of the weights."""
        scaled = x * (self.base_step * self.shaping.steps)
        return scaled if self.row_steps is None else scaled * self.row_steps.factors[:, None]


def quantize_calibrated(
    candidates: Sequence[Shaping],
    values: NDArray[np.float64],
    statistics: TensorStatistics,
    noise: float,
    has_output_bias: bool,
    machine: Machine = EIGHT_STATES,
    grid: IntegerGrid | None = None,
) -> CalibratedLevels:
    """Quantize weights for an output error, with as few bits as possible.

    Parameters
    ----------
    candidates
        Views and transforms to choose from; their steps do not matter.
    values
        float64, rank 1, finite, in coded order.
    statistics
        Of the layer's inputs.
    noise
        Power of the output error to allow, relative to the power of the output.
    has_output_bias
        Whether something added to the outputs can make up for a shift of their mean.
    machine
        The trellis to search.
    grid
        Of values that stand for integers.

    Raises
    ------
    numpy.linalg.LinAlgError
        The statistics are of no use.
    """
    matrix = values.reshape(candidates[0].view.rows, -1)
    zeros = pruned_zeros(values) if grid is None else grid.zeros(values)
    if zeros is not None:  # a transform would not keep them
        candidates = [candidate for candidate in candidates if candidate.transform is None]
    rest = matrix, statistics, noise, has_output_bias, machine, zeros, grid
    prepared = (_prepare(one, *rest) for one in candidates)  # each has matrices as large as the moments
    fitting = (
        c for c in prepared if is_within_limits(c.x * (c.base_step * c.shaping.steps), c.base_step, c.shaping)
    )
    candidate = min(fitting, key=lambda candidate: expected_size(candidate.scales, candidate.shaping))
    if is_scalar(np.abs(candidate.x)):
        scalar = Scalar.of(
            candidate.base_step, candidate.shaping, candidate.x, candidate.row_steps, NOISE[machine.trellis]
        )
        quantized: Quantized | Scalar = scalar
        coarser = scalar.base_step / candidate.base_step
        decoded = SCALAR.values(scalar.levels).reshape(matrix.shape) * coarser
    else:
        quantized = _search(candidate, machine)
        decoded = quantized.found.fine.reshape(matrix.shape).astype(np.float64)
    error = candidate.in_weights(candidate.x - decoded)
    shift = _products(error, candidate.metric.mean, statistics.along) if has_output_bias else None
    power = candidate.metric.power(candidate.in_weights(candidate.x))
    return CalibratedLevels(quantized, shift, candidate.metric.power(error) / power)


def _products(matrix: NDArray[np.float64], vectors: NDArray[np.float64], along: Along) -> NDArray[np.float64]:
    """Return the outputs of a matrix for one input vector of each group, summed over groups of columns."""
    groups, size = vectors.shape
    if along is Along.ROWS:
        return (matrix.reshape(groups, -1, size) @ vectors[:, :, None]).ravel()
    return matrix @ vectors.ravel()


def _prepare(
    shaping: Shaping,
    matrix: NDArray[np.float64],
    statistics: TensorStatistics,
    noise: float,
    has_output_bias: bool,
    machine: Machine,
    zeros: NDArray[np.bool_] | None,
    grid: IntegerGrid | None,
) -> _Candidate:
    coefficients = matrix
    density = 1.0 if zeros is None else 1 - float(np.mean(zeros))
    if shaping.transform is not None:
        coefficients = forward(matrix.ravel(), shaping.transform).reshape(matrix.shape)
    metric = output_metric(statistics, coefficients, noise, shaping.transform, centred=has_output_bias)
    # All the noise is in weights that were not pruned.
    power = metric.power(coefficients) / (matrix.size * density)
    diagonals = np.einsum("gii->gi", metric.factors)
    if statistics.along is Along.ROWS:
        wanted = np.exp(-np.log(diagonals).mean(axis=0))
    else:
        wanted = 1 / diagonals.ravel()
    codes, steps = step_codes(wanted, len(matrix))
    # The mean power that errors of one step have in the output.
    gain = float(np.mean((diagonals * steps.reshape(-1, diagonals.shape[1])) ** 2))
    if not (0 < gain < np.inf and 0 < power < np.inf):
        raise np.linalg.LinAlgError("inputs out of range")
    base_step = rounded_step(float(np.sqrt(noise * power / (NOISE[machine.trellis] * gain))))
    own = replace(shaping, codes=codes, steps=steps)
    x = coefficients / (base_step * steps)
    if not (0 < base_step < np.inf and np.isfinite(x).all()):
        raise np.linalg.LinAlgError("inputs out of range")
    small = find_row_steps(matrix)
    row_steps = small if grid is None else steps_on_grid(grid.scales, small)
    if row_steps is not None:
        x /= row_steps.factors[:, None]
    if np.abs(x).max() > MOST_STEPS:
        raise np.linalg.LinAlgError("inputs out of range")
    family = family_of(density)
    magnitudes = (np.abs(x) / density_of(family)).astype(np.float32).ravel()
    scales = fit_scales(magnitudes, shaping.view)
    return _Candidate(own, metric, base_step, x, scales, family, zeros, row_steps)


def rounded_step(step: float) -> float:
    """Return a step to 12 bits: the sums it comes from differ in their last bits with the threads of BLAS."""
    mantissa, exponent = np.frexp(step)
    return float(np.ldexp(_MANTISSAS.nearest(mantissa), exponent))


def step_codes(
    wanted: NDArray[np.float64], rows: int
) -> tuple[NDArray[np.uint8] | None, NDArray[np.float64]]:
    """Return step codes for columns, None if they are all alike, and the steps that they stand for."""
    unit = max(1.0, np.sqrt(_CODES_PER_ROW / rows))
    octaves = np.log2(wanted / wanted.min())
    rounded = WHOLE.multiples(UniformQuantizer(unit).nearest(octaves * 8)).astype(np.int64)
    codes = np.minimum(rounded - rounded.min(), STEP_CODES.size - 1).astype(np.uint8)
    if not codes.any():
        return None, np.full(wanted.size, np.exp(np.log(wanted).mean()))
    steps = STEP_CODES[codes]
    return codes, steps * np.exp(np.log(wanted / steps).mean())


def _search(candidate: _Candidate, machine: Machine) -> Quantized:
    """Search levels, in an order that brings sequences of one group together."""
    view = candidate.shaping.view
    groups, size, _ = candidate.metric.factors.shape
    rows = len(candidate.x)
    contexts = scale_contexts(candidate.scales, candidate.shaping).reshape(rows, -1)
    zeros = None if candidate.zeros is None else candidate.zeros.reshape(rows, -1)
    # What an error of one step does.
    factors = (
        candidate.metric.factors
        * (candidate.base_step * candidate.shaping.steps).reshape(-1, size)[:, :, None]
    )
    if candidate.metric.along is Along.ROWS:
        chain = _chain(rows, groups, size, machine)
        x, contexts = candidate.x.reshape(-1, chain * size), contexts.reshape(-1, chain * size)
        zeros = None if zeros is None else zeros.reshape(-1, chain * size)
        factors = _chained(factors, chain, rows // groups)
    else:
        x, contexts = _by_group(candidate.x, groups), _by_group(contexts, groups)
        zeros = None if zeros is None else _by_group(zeros, groups)
        chain = 1
    diagonals = np.einsum("gii->gi", factors)
    weights = diagonals**2 / np.mean(diagonals**2)
    segment = _segment(chain * size)
    sequences = Sequences(
        x.astype(np.float32),
        factors / diagonals[:, None, :],
        weights.astype(np.float32),
        contexts,
        zeros,
        segment,
    )
    found = search_with_feedback(sequences, pruned_bits(candidate.family), LAGRANGIAN, machine=machine)
    if candidate.metric.along is Along.COLUMNS:
        found = replace(
            found,
            levels=found.levels.reshape(groups, rows, size).swapaxes(0, 1).ravel(),
            quantizers=found.quantizers.reshape(groups, rows, size).swapaxes(0, 1).ravel(),
        )
    magnitudes = np.abs(found.fine).astype(np.float32) / np.float32(density_of(candidate.family))
    scales = fit_scales(magnitudes, view)
    return Quantized(
        candidate.base_step,
        candidate.shaping,
        scales,
        found,
        segment,
        candidate.family,
        candidate.row_steps,
    )


def _segment(length: int) -> int:
    """Return after how many columns the trellis starts anew: equal runs of whole blocks of a long row."""
    runs = (n for n in range(BLOCK, _LONGEST + 1, BLOCK) if length % n == 0)
    return length if length <= _LONGEST else max(runs, default=length)


def _chain(rows: int, groups: int, size: int, machine: Machine) -> int:
    """Return how many rows to chain: none of two groups, unless every row has its own."""
    of = groups if rows == groups else rows // groups
    wanted = -(-_LEAST_LENGTH[machine.trellis] // size)
    return max(n for n in range(1, wanted + 1) if of % n == 0)


def _chained(factors: NDArray[np.float64], chain: int, per_group: int) -> NDArray[np.float64]:
    """Return factors of chained rows: blocks along the diagonal."""
    if chain == 1:
        return factors
    size = factors.shape[1]
    members = factors.reshape(-1, chain, size, size) if per_group == 1 else factors[:, None].repeat(chain, 1)
    result = np.zeros((len(members), chain, size, chain, size))
    for i in range(chain):
        result[:, i, :, i] = members[:, i]
    return result.reshape(len(members), chain * size, chain * size)


def _by_group(matrix: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return [rows, groups * columns] as [groups * rows, columns]: one group's rows after another's."""
    rows = len(matrix)
    return matrix.reshape(rows, groups, -1).swapaxes(0, 1).reshape(groups * rows, -1)

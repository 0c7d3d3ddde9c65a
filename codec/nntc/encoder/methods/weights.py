"""Large weight tensors: shaped, quantized with a trellis, with tables that the whole model shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.fragments import count_tokens
from nntc.encoder.entropy.tables import make_tables
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.rates import (
    CLASS_COUNT,
    LOWEST_CLASS,
    density_of,
    expected_bits,
    expected_entropy,
    family_of,
    pruned_bits,
)
from nntc.encoder.quantize.row_steps import RowSteps, find_column_codes, find_row_steps, steps_on_grid
from nntc.encoder.quantize.scales import Scales, fit_scales
from nntc.encoder.quantize.shaping import Shaping, output_gain, with_column_codes
from nntc.encoder.quantize.trellis import MAX_LEVEL, TrellisLevels, search
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.steps import STEP_CODES
from nntc.format.tables import MAX_TABLES, FrequencyTable
from nntc.format.trellis import EIGHT_STATES, Machine, Trellis

SEGMENT, LONG_SEGMENT = 128, 256
"""Levels between restarts of the trellis: with more states it takes longer to get going."""
LAGRANGIAN = {Trellis.EIGHT_STATES: 0.30, Trellis.MANY_STATES: 0.25}
"""Squared steps per bit: about the slope of the trellis' own rate-distortion curve."""
TRELLIS_NOISE = {Trellis.EIGHT_STATES: 0.26, Trellis.MANY_STATES: 0.236}
"""Squared steps of noise that the trellis leaves, rate-aware rounding included."""
_SCALAR_NOISE = TRELLIS_NOISE[Trellis.EIGHT_STATES]
SCALAR_STEP = (12 * _SCALAR_NOISE) ** 0.5
"""Step that leaves the noise of the trellis of eight states without one, in steps of that trellis."""
SCALAR = UniformQuantizer(SCALAR_STEP)
"""The quantizer without trellis, of values in steps of that trellis."""
_MAX_OUTLIER = 50_000.0  # steps; levels are kept in 16 bits
MOST_STEPS = 2.0**30  # levels have 31 bits; no element type but float64 is as precise
_TRIES, _NEAR = 3, 1.05  # of a step for pruned weights, and how near the noise is to come
_PAIRS = CLASS_COUNT + MAX_CONTEXTS


class SharedSet(NamedTuple):
    """Tables that tensors share.

    Parameters
    ----------
    tables
        With their precision.
    families
        By family of pruned weights the pairs of tables: where they begin, how many there are, and the scale
        class that the first stands for.
    """

    tables: list[tuple[FrequencyTable, int]]
    families: dict[int, tuple[int, int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A tensor's levels with what their record needs.

    Parameters
    ----------
    base_step
        The step that white noise would have.
    segment
        Levels between restarts of the trellis.
    family
        Family of tables, by how many of the weights were pruned.
    row_steps
        Steps of rows, None where they are all alike.
    """

    base_step: float
    candidate: Shaping
    scales: Scales
    found: TrellisLevels
    segment: int = SEGMENT
    family: int = 0
    row_steps: RowSteps | None = None

    @property
    def first(self) -> int:
        """Scale class of context 0, as table pairs are numbered."""
        return min(max(self.scales.lowest - LOWEST_CLASS, 0), CLASS_COUNT - 1)

    def counts(self) -> NDArray[np.int64]:
        """Return how often each token occurs under each table pair and quantizer, int64 [tables, 256]."""
        contexts = self.scales.classes.contexts(self.candidate.view).astype(np.uint16)
        pairs = (contexts + np.uint16(self.first)) * np.uint16(2) + self.found.quantizers
        return count_tokens(self.found.tokens, pairs, 2 * _PAIRS)


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Levels without trellis, for a tensor that spreads over more levels than a trellis has tokens."""

    base_step: float
    candidate: Shaping
    levels: NDArray[np.int64]
    row_steps: RowSteps | None = None

    @classmethod
    def of(
        cls,
        base_step: float,
        candidate: Shaping,
        x: NDArray[np.floating],
        row_steps: RowSteps | None,
        noise: float,
    ) -> Scalar:
        """Return values in steps of a trellis, with the noise that it would leave, in squared steps."""
        coarser = (noise / _SCALAR_NOISE) ** 0.5
        return cls(base_step * coarser, candidate, SCALAR.levels(x / coarser).ravel(), row_steps)


def quantize(
    candidates: Sequence[Shaping],
    values: NDArray[np.float64],
    noise: float,
    by_row: bool = True,
    machine: Machine = EIGHT_STATES,
    device: Device = ANY_DEVICE,
    grid: IntegerGrid | None = None,
    scalar: bool = False,
) -> Quantized | Scalar:
    """Quantize a weight tensor in the way that takes the fewest bits.

    Parameters
    ----------
    candidates
        Shapings to choose from.
    values
        float64, rank 1, finite, in coded order.
    noise
        Noise power to allow in the layer's output, relative to the power of that output.
    by_row
        Whether rows and columns far smaller than the others get smaller steps.
    machine, device, scalar
        The trellis to search, where it is decoded, or whether there is none: each value to its nearest level.
    grid
        Of values that stand for integers.
    """
    segment = _segment(machine, device)
    zeros = pruned_zeros(values) if grid is None else grid.zeros(values)
    plain = next(candidate for candidate in candidates if candidate.transform is None)
    row_steps, column_codes = _find_steps(values, plain) if by_row else (None, None)
    row_steps = row_steps if grid is None else steps_on_grid(grid.scales, row_steps)
    if column_codes is not None:
        # A transform would spread the noise of large columns over small ones.
        plain = with_column_codes(plain, column_codes)
        candidates = [plain]
    if zeros is not None:
        # A transform would not keep them.
        return _quantize_pruned(plain, values, zeros, noise, row_steps, machine, segment, scalar)
    largest, power = float(np.abs(values).max()), float(np.mean(values * values))
    base_step = max(float(np.sqrt(power * noise / TRELLIS_NOISE[machine.trellis])), largest / MOST_STEPS)
    domains = [
        values if candidate.transform is None else forward(values, candidate.transform)
        for candidate in candidates
    ]
    base_step *= output_gain(candidates[-1], domains[-1]) ** 0.5
    if row_steps is not None:
        domains = [
            (domain.reshape(plain.view.rows, -1) / row_steps.factors[:, None]).ravel() for domain in domains
        ]
    best: tuple[float, Shaping, NDArray[np.float32], Scales] | None = None
    for candidate, coefficients in zip(candidates, domains, strict=True):
        if not is_within_limits(coefficients, base_step, candidate):
            continue
        blocks = coefficients.reshape(-1, candidate.steps.size)
        x = (blocks / (base_step * candidate.steps)).ravel().astype(np.float32)
        scales = fit_scales(np.abs(x), candidate.view)
        bits = expected_size(scales, candidate)
        if best is None or bits < best[0]:
            best = bits, candidate, x, scales
    if best is None:
        raise ValueError("there must be a way to code a tensor")
    _, candidate, x, scales = best
    if scalar or is_scalar(np.abs(x)):
        return Scalar.of(base_step, candidate, x, row_steps, TRELLIS_NOISE[machine.trellis])
    found = search(
        x, scale_contexts(scales, candidate), expected_bits(), LAGRANGIAN[machine.trellis], segment, machine
    )
    return Quantized(base_step, candidate, scales, found, segment, row_steps=row_steps)


def _segment(machine: Machine, device: Device) -> int:
    """Return the length of segments: a device with little memory keeps one of each lane."""
    has_many = machine.trellis is Trellis.MANY_STATES and device.memory is None
    return LONG_SEGMENT if has_many else SEGMENT


def _find_steps(
    values: NDArray[np.float64], plain: Shaping
) -> tuple[RowSteps | None, NDArray[np.uint8] | None]:
    """Return steps of rows, and codes of columns of what they leave; None where lines are of like size."""
    matrix = values.reshape(plain.view.rows, -1)
    row_steps = find_row_steps(matrix)
    if row_steps is not None:
        matrix = matrix / row_steps.factors[:, None]
    return row_steps, find_column_codes(matrix, plain.view.period)


def _quantize_pruned(
    plain: Shaping,
    values: NDArray[np.float64],
    zeros: NDArray[np.bool_],
    noise: float,
    row_steps: RowSteps | None,
    machine: Machine,
    segment: int,
    scalar: bool,
) -> Quantized | Scalar:
    """Quantize weights of which some must stay zero; all the noise is in the others."""
    density = 1 - float(np.mean(zeros))
    family = family_of(density)
    allowed = noise * float(np.mean(values * values))
    base_step = float(np.sqrt(allowed / density / TRELLIS_NOISE[machine.trellis]))
    base_step = max(base_step, float(np.abs(values).max()) / MOST_STEPS)
    factors = np.resize(plain.steps, values.size)
    if row_steps is not None:
        factors *= np.repeat(row_steps.factors, plain.view.columns)
    for tries in range(_TRIES):
        x = (values / (base_step * factors)).astype(np.float32)
        if scalar or is_scalar(np.abs(x)):
            return Scalar.of(base_step, plain, x, row_steps, TRELLIS_NOISE[machine.trellis])
        scales = fit_scales((np.abs(x) / density_of(family)).astype(np.float32), plain.view)
        contexts = scale_contexts(scales, plain)
        found = search(x, contexts, pruned_bits(family), LAGRANGIAN[machine.trellis], segment, machine, zeros)
        actual = float(np.mean((values - found.fine * (base_step * factors)) ** 2))
        if actual <= _NEAR * allowed or tries == _TRIES - 1:
            break
        # Where zeros are so cheap, more become zero than elsewhere.
        base_step *= (allowed / actual) ** 0.5
    return Quantized(base_step, plain, scales, found, segment, family, row_steps)


def is_scalar(magnitudes: NDArray[np.floating]) -> bool:
    """Return whether values, in steps, spread over more levels than a trellis has tokens."""
    bulk = np.quantile(magnitudes.ravel()[:: max(1, magnitudes.size >> 16)], 0.999)
    return bool(magnitudes.max() > _MAX_OUTLIER or bulk > 2 * MAX_LEVEL)


def is_within_limits(coefficients: NDArray[np.float64], base_step: float, candidate: Shaping) -> bool:
    """Return whether levels times step codes suit the inverse transform, however they are rounded."""
    if candidate.transform is None:
        return True
    slack = 4 * (1.0 if candidate.codes is None else STEP_CODES[int(candidate.codes.max())])
    return bool(
        np.abs(coefficients).max() / (base_step * candidate.unit) + slack <= candidate.transform.limit
    )


def scale_contexts(scales: Scales, candidate: Shaping) -> NDArray[np.uint16]:
    """Return the scale class of every element, as table pairs are numbered."""
    contexts = scales.classes.contexts(candidate.view).astype(np.int32)
    return np.clip(contexts + (scales.lowest - LOWEST_CLASS), 0, CLASS_COUNT - 1).astype(np.uint16)


def expected_size(scales: Scales, candidate: Shaping) -> float:
    """Return about how many bits the tokens and their classes take."""
    counts = np.bincount(scale_contexts(scales, candidate), minlength=CLASS_COUNT)
    side = len(scales.classes.write(candidate.view)) + (0 if candidate.codes is None else 40)
    return float(counts @ expected_entropy()) + 8 * side


def no_tables(others: SharedSet | None = None) -> SharedSet:
    """Return tables of others alone: every tensor gets its own."""
    return SharedSet([] if others is None else [*others.tables], {})


def shared_tables(quantized: Iterable[Quantized | Scalar], others: SharedSet | None = None) -> SharedSet:
    """Return the tables that fit the tokens of all tensors best, after those that others share."""
    counts: dict[int, NDArray[np.int64]] = {}
    for q in quantized:
        if isinstance(q, Quantized):
            own = counts.setdefault(q.family, np.zeros((2 * _PAIRS, 256), np.int64))
            own += q.counts()
    shared = no_tables(others)
    for family, rows in sorted(counts.items()):
        used = np.flatnonzero(rows.any(axis=1))
        first, end = int(used[0]) // 2, int(used[-1]) // 2 + 1
        if len(shared.tables) + 2 * (end - first) > MAX_TABLES:
            continue
        shared.families[family] = len(shared.tables) // 2, end - first, first
        shared.tables.extend(make_tables(rows[2 * first : 2 * end]))
    return shared

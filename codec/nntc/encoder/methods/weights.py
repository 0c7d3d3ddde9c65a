"""Large weight tensors: shaped, quantized with a trellis, coded with tables that the whole model shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.symbols import SharedTables, count_tokens
from nntc.encoder.entropy.tables import make_table
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.rates import CLASS_COUNT, LOWEST_CLASS, expected_bits, expected_entropy
from nntc.encoder.quantize.scales import Scales, fit_scales
from nntc.encoder.quantize.shaping import Shaping, output_gain
from nntc.encoder.quantize.trellis import MAX_LEVEL, TrellisLevels, search
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, trellis_record, uniform_record
from nntc.encoder.tensors import Tensor
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.registry import Coder
from nntc.format.steps import STEP_CODES
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import EIGHT_STATES

SEGMENT = 128
LAGRANGIAN = 0.30
"""Squared steps per bit: about the slope of the trellis' own rate-distortion curve."""
TRELLIS_NOISE = 0.26
"""Squared steps of noise that the trellis leaves, rate-aware rounding included."""
SCALAR_STEP = (12 * TRELLIS_NOISE) ** 0.5
"""Step that leaves the noise of the trellis without one, in steps of the trellis."""
_MAX_OUTLIER = 50_000.0  # steps; levels are kept in 16 bits
_MOST_STEPS = 2.0**30  # levels have 31 bits; no element type but float64 is as precise
_PAIRS = CLASS_COUNT + MAX_CONTEXTS
_UNUSED = FrequencyTable(0, np.array([1 << 12])), 0

SharedSet = tuple[list[tuple[FrequencyTable, int]], int]
"""Tables with their precision, and the scale class that the first pair stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A tensor's levels with what their record needs.

    Parameters
    ----------
    white
        The step that white noise would have.
    segment
        Levels between restarts of the trellis.
    """

    base_step: float
    candidate: Shaping
    scales: Scales
    found: TrellisLevels
    segment: int = SEGMENT

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


def quantize(candidates: Sequence[Shaping], values: NDArray[np.float64], noise: float) -> Quantized | Scalar:
    """Quantize a weight tensor in the way that takes the fewest bits.

    Parameters
    ----------
    candidates
        Shapings to choose from.
    values
        float64, rank 1, finite, in coded order.
    noise
        Noise power to allow in the layer's output, relative to the power of that output.
    """
    largest = float(np.abs(values).max())
    power = float(np.mean(values * values))
    base_step = max(float(np.sqrt(power * noise / TRELLIS_NOISE)), largest / _MOST_STEPS)
    domains = [
        values if candidate.transform is None else forward(values, candidate.transform)
        for candidate in candidates
    ]
    base_step *= output_gain(candidates[-1], domains[-1]) ** 0.5
    best: tuple[float, Shaping, NDArray[np.float32], Scales] | None = None
    for candidate, coefficients in zip(candidates, domains, strict=True):
        if not is_within_limits(coefficients, base_step, candidate):
            continue
        x = (
            (coefficients.reshape(-1, candidate.steps.size) / (base_step * candidate.steps))
            .ravel()
            .astype(np.float32)
        )
        scales = fit_scales(np.abs(x), candidate.view)
        bits = expected_size(scales, candidate)
        if best is None or bits < best[0]:
            best = bits, candidate, x, scales
    if best is None:
        raise ValueError("there must be a way to code a tensor")
    _, candidate, x, scales = best
    if is_scalar(np.abs(x)):
        return Scalar(base_step, candidate, np.rint(x / SCALAR_STEP).astype(np.int64))
    found = search(x, scale_contexts(scales, candidate), expected_bits(), LAGRANGIAN, SEGMENT, EIGHT_STATES)
    return Quantized(base_step, candidate, scales, found)


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


def shared_tables(quantized: Sequence[Quantized | Scalar]) -> SharedSet:
    """Return the tables that fit the tokens of all tensors best."""
    counts = np.zeros((2 * _PAIRS, 256), np.int64)
    for q in quantized:
        if isinstance(q, Quantized):
            counts += q.counts()
    used = np.flatnonzero(counts.any(axis=1))
    if not used.size:
        return [], 0
    first, last = int(used[0]) // 2, int(used[-1]) // 2
    return [make_table(row) if row.any() else _UNUSED for row in counts[2 * first : 2 * last + 2]], first


def weight_record(tensor: Tensor, q: Quantized | Scalar, shared: SharedSet) -> Record:
    """Return the record of a quantized tensor."""
    step = q.base_step * q.candidate.unit
    if q.candidate.transform is not None:
        step /= 2 ** (q.candidate.transform.mix / 2)
    if isinstance(q, Scalar):
        parameters = _parameters(q.candidate, step * SCALAR_STEP)
        classes = fit_scales(np.abs(q.levels).astype(np.float32), q.candidate.view).classes
        return uniform_record(tensor.element, q.candidate.view, parameters, q.levels, Coder.RANS, classes)
    tables, first = shared
    base = q.first - first
    # Contexts reach as far as there are tables.
    classes = replace(q.scales.classes, count=min(q.scales.classes.count, len(tables) // 2 - base))
    return trellis_record(
        tensor.element,
        q.candidate.view,
        _parameters(q.candidate, step),
        q.found,
        EIGHT_STATES.trellis,
        q.segment,
        classes if classes.count > 1 else None,
        SharedTables([table for table, _ in tables], 2 * base),
    )


def _parameters(candidate: Shaping, step: float) -> UniformParameters:
    return UniformParameters(
        float(np.float32(step)), transform=candidate.transform, column_codes=candidate.codes
    )

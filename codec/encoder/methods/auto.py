"""Method auto: the best rate at a quality, without data.

Weights are quantized with a trellis under separable contexts and tables that the whole model shares;
whether in the domain of the DCT is chosen for each tensor. What is small is coded together: a record of
its own would cost more than it holds. What a quantizer cannot hold is coded exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.entropy.tables import FrequencyTable
from codec.encoder.allocate import PARAMETER_GAP, allocate_noise
from codec.encoder.entropy.symbols import SharedTables, count_tokens
from codec.encoder.entropy.tables import make_table
from codec.encoder.methods.groups import group_exact, group_parameters
from codec.encoder.methods.lossless import lossless_record
from codec.encoder.methods.plan import Coded, Overhead, Plan
from codec.encoder.options import DEFAULT_QUALITY, Options
from codec.encoder.quantize.dct import forward
from codec.encoder.quantize.rates import CLASS_COUNT, LOWEST_CLASS, expected_bits
from codec.encoder.quantize.scales import Scales, fit_scales
from codec.encoder.quantize.shaping import Shaping, shapings
from codec.encoder.quantize.trellis import EIGHT_STATES, MAX_LEVEL, TrellisLevels, search
from codec.encoder.roles import Role
from codec.encoder.tensor.record import Record
from codec.encoder.tensor.uniform import UniformParameters, trellis_record, uniform_record
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers
from codec.format.registry import Coder, ElementType

SMALL = 1 << 11
"""Tensors of fewer elements are coded together."""
SEGMENT = 128
LAGRANGIAN = 0.30
"""Squared steps per bit: about where the trellis' own rate-distortion slope is."""
_TRELLIS_NOISE = 0.26
"""Squared steps of noise that the trellis leaves, rate-aware rounding included."""
PASSES = 1
MAX_OUTLIER = 50_000.0
"""Values of more steps than this, and tensors whose bulk needs more levels than tokens, go without trellis."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A tensor's levels, with what their record needs."""

    white: float
    way: Shaping
    scales: Scales
    found: TrellisLevels


def plan_auto(tensors: list[Tensor], options: Options, workers: Workers, overhead: Overhead) -> Plan:
    """Return records for every tensor, aiming at the goal in `options`."""
    sorting = _sort(tensors)
    quality = DEFAULT_QUALITY if options.quality is None else options.quality
    remarks: tuple[str, ...] = ()
    del overhead
    plan = _plan_at(tensors, sorting, quality, workers)
    return replace(plan, remarks=remarks)


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Tensor numbers by how they are coded; `notes` says why some are exact."""

    weights: list[int]
    parameters: list[int]
    exact: list[int]
    notes: dict[int, str]


def _sort(tensors: list[Tensor]) -> _Sorting:
    """Sort tensors by what can be done with them."""
    sorting = _Sorting([], [], [], {})
    for number, tensor in enumerate(tensors):
        reason = _why_exact(tensor)
        if reason is not None:
            sorting.exact.append(number)
            sorting.notes[number] = reason
        elif tensor.size < SMALL or tensor.role in (Role.BIAS, Role.NORMALIZATION):
            sorting.parameters.append(number)
        else:
            sorting.weights.append(number)
    return sorting


def _why_exact(tensor: Tensor) -> str | None:
    """Return why a tensor must be coded exactly; an empty reason for those that are not of real numbers."""
    if not tensor.element.is_float:
        return ""
    values = tensor.values()
    if not np.isfinite(values).all():
        return "has values that are not finite"
    low, high = float(values.min()), float(values.max())
    if low == high:
        return "is constant"
    largest = max(-low, high)
    if largest < 2.0**-100 or largest > float(_LARGEST[tensor.element]) / 4:
        return "is too near the ends of its type's range"
    if np.unique(values[:4096]).size <= 256 and 8 * np.unique(values).size <= values.size:
        return "has few distinct values"
    return None


_LARGEST = {
    ElementType.FLOAT16: 65504.0,
    ElementType.BFLOAT16: 3.0e38,
    ElementType.FLOAT32: 3.0e38,
    ElementType.FLOAT64: 1.0e38,
}


def _plan_at(tensors: list[Tensor], sorting: _Sorting, quality: float, workers: Workers) -> Plan:
    """Return records at a quality."""
    lossy = [*sorting.weights, *sorting.parameters]
    noise = dict(zip(lossy, allocate_noise([tensors[i].size for i in lossy], quality), strict=True))
    bits = expected_bits()
    jobs = [(shapings(tensors[i]), tensors[i].values(), noise[i], bits) for i in sorting.weights]
    quantized = workers.map(_quantize, jobs)
    for _ in range(PASSES - 1):
        bits = _counted_bits(tensors, sorting.weights, quantized, bits)
        jobs = [(shapings(tensors[i]), tensors[i].values(), noise[i], bits) for i in sorting.weights]
        quantized = workers.map(_quantize, jobs)
    coded = [
        Coded(lossless_record(t.element, t.view, t.bits(), sorting.notes[i]), (i,))
        for i, t in ((i, tensors[i]) for i in sorting.exact if tensors[i].size >= SMALL)
    ]
    coded += group_exact(tensors, [i for i in sorting.exact if tensors[i].size < SMALL], sorting.notes)
    least = PARAMETER_GAP * 10 ** (-quality / 10)
    coded += group_parameters(tensors, sorting.parameters, [max(noise[i], least) for i in sorting.parameters])
    tables, first = _shared_tables(_counts(tensors, sorting.weights, quantized))
    for number, q in zip(sorting.weights, quantized, strict=True):
        coded.append(Coded(_record(tensors[number], q, tables, first), (number,)))
    return Plan(coded, tables)


def _quantize(
    ways: list[Shaping], values: NDArray[np.float64], noise: float, bits: NDArray[np.float32]
) -> Quantized | tuple[float, NDArray[np.int64]]:
    """Quantize a weight tensor; without trellis, (step, levels), where its tokens do not reach far enough."""
    power = float(np.mean(values * values))
    white = np.sqrt(power * noise / _TRELLIS_NOISE)
    best = None
    for way in ways:
        scaled = values if way.transform is None else forward(values, way.transform)
        scaled = (scaled.reshape(-1, way.steps.size) / (white * way.steps)).ravel().astype(np.float32)
        scales = fit_scales(np.abs(scaled), way.view)
        if best is None or scales.bits < best[2].bits:
            best = way, scaled, scales
    assert best is not None
    way, scaled, scales = best
    magnitudes = np.abs(scaled)
    bulk = np.quantile(magnitudes[:: max(1, magnitudes.size >> 16)], 0.999)
    if magnitudes.max() > MAX_OUTLIER or bulk > 2 * MAX_LEVEL:
        step = float(np.float32(np.sqrt(12 * power * noise)))
        return step, np.rint(values / step).astype(np.int64)
    contexts = scales.classes.contexts(way.view).astype(np.uint16)
    numbers = np.clip(contexts.astype(np.int32) + scales.lowest - LOWEST_CLASS, 0, CLASS_COUNT - 1).astype(np.uint16)
    found = search(scaled, numbers, bits, LAGRANGIAN, SEGMENT, EIGHT_STATES)
    return Quantized(white, way, scales, found)


def _first_table(scales: Scales) -> int:
    return min(max(scales.lowest - LOWEST_CLASS, 0), CLASS_COUNT - 1)


def _counts(tensors: list[Tensor], numbers: list[int], quantized: list[Any]) -> NDArray[np.int64]:
    """Return how often each token occurs in each class under each quantizer, over all tensors."""
    counts = np.zeros((2 * (CLASS_COUNT + 64), 256), np.int64)
    for number, q in zip(numbers, quantized, strict=True):
        if isinstance(q, Quantized):
            contexts = q.scales.classes.contexts(q.way.view).astype(np.uint16)
            pairs = (contexts + np.uint16(_first_table(q.scales))) * np.uint16(2) + q.found.quantizers
            counts += count_tokens(q.found.tokens, pairs, counts.shape[0])
    return counts


def _counted_bits(tensors: list[Tensor], numbers: list[int], quantized: list[Any], prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return costs from counts, falling back to the prior where little was counted."""
    counts = _counts(tensors, numbers, quantized)[: 2 * CLASS_COUNT]
    expected = 2.0**-prior.astype(np.float64)
    smoothed = counts + 64 * expected / expected.sum(axis=1, keepdims=True)
    return (-np.log2(smoothed / smoothed.sum(axis=1, keepdims=True))).astype(np.float32)


def _shared_tables(counts: NDArray[np.int64]) -> tuple[list[tuple[FrequencyTable, int]], int]:
    """Return tables from counts, and the class that the first pair stands for."""
    used = np.flatnonzero(counts.any(axis=1))
    if not used.size:
        return [], 0
    first, last = int(used[0]) // 2, int(used[-1]) // 2
    unused = FrequencyTable(0, np.array([1 << 12])), 0
    return [make_table(row) if row.any() else unused for row in counts[2 * first : 2 * last + 2]], first


def _record(tensor: Tensor, q: Any, tables: list[tuple[FrequencyTable, int]], first: int) -> Record:
    if not isinstance(q, Quantized):
        step, levels = q
        classes = fit_scales(np.abs(levels).astype(np.float32), tensor.view).classes
        return uniform_record(tensor.element, tensor.view, UniformParameters(step), levels, Coder.RANS, classes)
    classes = q.scales.classes
    # Contexts reach as far as there are tables.
    base = _first_table(q.scales) - first
    classes = replace(classes, count=min(classes.count, len(tables) // 2 - base))
    shared = SharedTables([table for table, _ in tables], 2 * base)
    transform = q.way.transform
    unit = q.white * q.way.steps.min()
    if q.way.codes is not None:
        unit /= 8
    if transform is not None:
        unit /= 2 ** (transform.mix / 2)
    parameters = UniformParameters(float(np.float32(unit)), transform=transform, column_codes=q.way.codes)
    return trellis_record(
        tensor.element, q.way.view, parameters, q.found, EIGHT_STATES.code, SEGMENT, classes, shared
    )

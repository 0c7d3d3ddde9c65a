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
from codec.encoder.allocate import allocate_noise
from codec.encoder.entropy.symbols import SharedTables, count_tokens
from codec.encoder.entropy.tables import make_table
from codec.encoder.methods.groups import group_exact, group_parameters
from codec.encoder.methods.lossless import lossless_record
from codec.encoder.methods.plan import Coded, Overhead, Plan
from codec.encoder.options import DEFAULT_QUALITY, Options
from codec.encoder.quantize.dct import forward
from codec.encoder.quantize.rates import CLASS_COUNT, LOWEST_CLASS, expected_bits
from codec.encoder.quantize.scales import Scales, fit_scales
from codec.encoder.quantize.trellis import EIGHT_STATES, MAX_LEVEL, TrellisLevels, search
from codec.encoder.roles import Role
from codec.encoder.tensor.record import Record
from codec.encoder.tensor.uniform import UniformParameters, trellis_record, uniform_record
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers
from codec.format.registry import Coder, ElementType
from codec.format.view import View

SMALL = 1 << 11
"""Tensors of fewer elements are coded together."""
SEGMENT = 128
LAGRANGIAN = 0.30
"""Squared steps per bit: about where the trellis' own rate-distortion slope is."""
_TRELLIS_NOISE = 0.26
"""Squared steps of noise that the trellis leaves, rate-aware rounding included."""
_DCT_MARGIN = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A tensor's levels, with what their record needs."""

    step: float
    block: tuple[int, int] | None
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
    jobs = [(tensors[i].view, tensors[i].values(), noise[i], bits) for i in sorting.weights]
    quantized = workers.map(_quantize, jobs)
    coded = [
        Coded(lossless_record(t.element, t.view, t.bits(), sorting.notes[i]), (i,))
        for i, t in ((i, tensors[i]) for i in sorting.exact if tensors[i].size >= SMALL)
    ]
    coded += group_exact(tensors, [i for i in sorting.exact if tensors[i].size < SMALL], sorting.notes)
    coded += group_parameters(tensors, sorting.parameters, [noise[i] for i in sorting.parameters])
    tables, first = _shared_tables([q for q in quantized if isinstance(q, Quantized)], tensors, sorting.weights, quantized)
    for number, q in zip(sorting.weights, quantized, strict=True):
        coded.append(Coded(_record(tensors[number], q, tables, first), (number,)))
    return Plan(coded, tables)


def _step(power: float, noise: float, unit: float) -> float:
    """Return the binary32 step that leaves `noise` of `power`, where a step leaves `unit` squared steps."""
    return float(np.float32(np.sqrt(power * noise / unit)))


def _quantize(view: View, values: NDArray[np.float64], noise: float, bits: NDArray[np.float32]) -> Quantized | tuple[float, Any]:
    """Quantize a weight tensor; without trellis, (step, levels), where its tokens do not reach far enough."""
    power = float(np.mean(values * values))
    step = _step(power, noise, _TRELLIS_NOISE)
    block = _block(view)
    scaled = values / step
    scales = fit_scales(np.abs(scaled).astype(np.float32), view)
    if block is not None:
        coefficients = forward(scaled, block)
        other = fit_scales(np.abs(coefficients).astype(np.float32), view)
        if other.bits < scales.bits - 0.005 * values.size:
            scales, scaled = other, coefficients
        else:
            block = None
    if np.quantile(np.abs(scaled), 0.999) > 2 * MAX_LEVEL:
        step = _step(power, noise, 1 / 12)
        return step, np.rint(values / step).astype(np.int64)
    contexts = scales.classes.contexts(view).astype(np.uint16)
    numbers = np.clip(contexts.astype(np.int32) + scales.lowest - LOWEST_CLASS, 0, CLASS_COUNT - 1).astype(np.uint16)
    found = search(scaled.astype(np.float32), numbers, bits, LAGRANGIAN, SEGMENT, EIGHT_STATES)
    return Quantized(step, block, scales, found)


def _block(view: View) -> tuple[int, int] | None:
    """Return the transform block of a kernel, square if it can be."""
    if not 1 < view.period <= 256:
        return None
    side = int(np.sqrt(view.period))
    if side * side == view.period:
        return side, side
    return (1, view.period) if view.period <= 16 else None


def _first_table(scales: Scales) -> int:
    return min(max(scales.lowest - LOWEST_CLASS, 0), CLASS_COUNT - 1)


def _shared_tables(
    found: list[Quantized], tensors: list[Tensor], numbers: list[int], quantized: list[Any]
) -> tuple[list[tuple[FrequencyTable, int]], int]:
    """Return tables from the counts of all tensors, and the class that the first pair stands for."""
    del found
    counts = np.zeros((2 * (CLASS_COUNT + 64), 256), np.int64)
    for number, q in zip(numbers, quantized, strict=True):
        if not isinstance(q, Quantized):
            continue
        contexts = q.scales.classes.contexts(tensors[number].view).astype(np.uint16)
        pairs = (contexts + np.uint16(_first_table(q.scales))) * np.uint16(2) + q.found.quantizers
        counts += count_tokens(q.found.tokens, pairs, counts.shape[0])
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
    count = min(classes.count, len(tables) // 2 - (_first_table(q.scales) - first))
    shared = SharedTables([table for table, _ in tables], 2 * (_first_table(q.scales) - first))
    parameters = UniformParameters(q.step, block=q.block)
    return trellis_record(
        tensor.element, tensor.view, parameters, q.found, EIGHT_STATES.code, SEGMENT, replace(classes, count=count), shared
    )

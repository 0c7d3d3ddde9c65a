"""Methods auto (the best rate at a quality, or the best quality at a size, without data) and lossless."""

from __future__ import annotations

import numpy as np

from codec.encoder.allocate import allocate_noise, equal_noise
from codec.encoder.entropy.symbols import assemble
from codec.encoder.entropy.tables import write_tables
from codec.encoder.methods.groups import group_exact, group_parameters
from codec.encoder.methods.lossless import lossless_record
from codec.encoder.methods.plan import Coded, Overhead, Plan
from codec.encoder.methods.sorting import MAX_TOGETHER, SMALL, Sorting, sort_tensors
from codec.encoder.methods.weights import quantize, shared_tables, weight_record
from codec.encoder.options import DEFAULT_QUALITY, Objective, Options
from codec.encoder.quantize.shaping import equal_steps, shapings
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers
from codec.errors import ModelError

_LOWEST, _HIGHEST = 2.0, 90.0  # dB: the range in which a quality for a size is looked for
_TRIES = 10
_CLOSE = 0.995
"""A size this near below the one asked for is near enough."""


def plan_auto(tensors: list[Tensor], options: Options, workers: Workers, overhead: Overhead) -> Plan:
    """Return records for every tensor, aiming at the goal in `options`.

    Raises
    ------
    ModelError
        E_GOAL if the model cannot be made as small as asked for.
    """
    sorting = sort_tensors(tensors)
    exact = _plan_exact(tensors, sorting, workers)
    target = _target_size(tensors, options, overhead)
    if target is None:
        quality = DEFAULT_QUALITY if options.quality is None else options.quality
        return _plan_at(tensors, sorting, exact, options.objective, quality, workers)
    return _search(tensors, sorting, exact, options.objective, target, workers, overhead)


def plan_lossless(tensors: list[Tensor], workers: Workers) -> Plan:
    """Return exact records for every tensor."""
    numbers = list(range(len(tensors)))
    return Plan(_plan_exact(tensors, Sorting([], [], numbers, dict.fromkeys(numbers, "")), workers))


def _target_size(tensors: list[Tensor], options: Options, overhead: Overhead) -> int | None:
    """Return the size of the file to reach, in bytes, or None where the goal is a quality."""
    if options.bits is not None:
        return overhead.size + int(options.bits * sum(tensor.size for tensor in tensors) / 8)
    if options.ratio is not None:
        return int(overhead.original_size / options.ratio)
    return options.target_size


def _plan_exact(tensors: list[Tensor], sorting: Sorting, workers: Workers) -> list[Coded]:
    """Return records of the tensors that are coded exactly."""
    large, small = [], []
    room = MAX_TOGETHER
    for i in sorting.exact:
        size = tensors[i].data.nbytes
        if tensors[i].size < SMALL and size <= room:
            small.append(i)
            room -= size
        else:
            large.append(i)
    items = [(tensors[i].element, tensors[i].view, tensors[i].bits(), sorting.notes[i]) for i in large]
    coded = [
        Coded(record, (i,)) for i, record in zip(large, workers.map(lossless_record, items), strict=True)
    ]
    return coded + group_exact(tensors, small, sorting.notes)


def _plan_at(
    tensors: list[Tensor],
    sorting: Sorting,
    exact: list[Coded],
    objective: Objective,
    quality: float,
    workers: Workers,
) -> Plan:
    """Return records at a quality in dB."""
    sizes = [tensors[i].size for i in sorting.weights]
    values = [tensors[i].values() for i in sorting.weights]
    if objective is Objective.WEIGHTS:
        powers = [float(np.mean(np.square(v))) for v in values]
        noise, parameter_noise = equal_noise(sizes, powers, len(sorting.parameters), quality)
        ways = [equal_steps(tensors[i]) for i in sorting.weights]
    else:
        parameters = [tensors[i].size for i in sorting.parameters]
        noise, parameter_noise = allocate_noise(sizes, parameters, quality)
        ways = [shapings(tensors[i]) for i in sorting.weights]
    items = list(zip(ways, values, noise.tolist(), strict=True))
    quantized = workers.map(quantize, items)
    tables = shared_tables(quantized)
    coded = [
        Coded(weight_record(tensors[i], q, tables), (i,))
        for i, q in zip(sorting.weights, quantized, strict=True)
    ]
    grouped = group_parameters(tensors, sorting.parameters, parameter_noise.tolist())
    return Plan([*exact, *coded, *grouped], tables[0])


def _search(
    tensors: list[Tensor],
    sorting: Sorting,
    exact: list[Coded],
    objective: Objective,
    target: int,
    workers: Workers,
    overhead: Overhead,
) -> Plan:
    """Return the records of the highest quality whose file is at most `target` bytes.

    Six decibels are about a bit for every weight, so that the size is nearly linear in the quality:
    interpolation between a quality too low and one too high finds it in a few steps.
    """
    low, high = _LOWEST, _HIGHEST
    best = _plan_at(tensors, sorting, exact, objective, low, workers)
    low_size = _size(best, overhead)
    if low_size > target:
        raise ModelError("E_GOAL", f"cannot be made smaller than about {low_size} bytes")
    weights = sum(tensors[i].size for i in sorting.weights) or 1
    high_size = low_size + weights * (high - low) / 6.02 / 8
    for _ in range(_TRIES):
        if low_size >= _CLOSE * target or high - low < 0.01 or not sorting.lossy:
            break
        share = (target - low_size) / max(high_size - low_size, 1)
        quality = low + (high - low) * min(max(share, 0.02), 0.98)
        plan = _plan_at(tensors, sorting, exact, objective, quality, workers)
        size = _size(plan, overhead)
        if size <= target:
            low, low_size, best = quality, size, plan
        else:
            high, high_size = quality, size
    return best


def _size(plan: Plan, overhead: Overhead) -> int:
    """Return the bytes of the file that a plan makes, to a few bytes."""
    bodies = assemble(coded.record.fragments for coded in plan.coded)
    return overhead.size + len(write_tables(plan.tables)) + sum(len(body) for body in bodies)

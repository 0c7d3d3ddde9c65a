"""Method auto: the best rate at a quality, or the best quality at a size, without data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count

from nntc.encoder.allocate import allocate_noise, equal_noise
from nntc.encoder.methods.aside import StoredLevels, put_aside
from nntc.encoder.methods.calibrated import plan_calibrated
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.fineness import is_finer_than_integers
from nntc.encoder.methods.lattice import quantize_settled
from nntc.encoder.methods.nibbles import plan_nibbles, with_nibbles
from nntc.encoder.methods.partition import (
    FINE,
    SMALL,
    Partition,
    partition_tensors,
    with_tolerance_of_values,
)
from nntc.encoder.methods.plan import ENTRY, Overhead, Plan, PlannedRecord, PlanRequest
from nntc.encoder.methods.recognize import CodedBefore, find_coded_before
from nntc.encoder.methods.small_tensors import code_small_tensors
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import SharedSet, no_tables, shared_tables
from nntc.encoder.methods.wholes import Wholes
from nntc.encoder.options import DEFAULT_QUALITY, Objective, Options
from nntc.encoder.quantize.shaping import equal_steps, shapings
from nntc.encoder.tensors import Tensor
from nntc.errors import ModelError
from nntc.format.tables import write_tables
from nntc.progress import Phase, ProgressEvent

_LOWEST, _HIGHEST = 2.0, 90.0  # dB: the range in which a quality for a size is looked for
_FIRST = 20.0  # dB: where the search begins
_TRIES = 10
_FINER = 55.0, 70.0, 90.0  # dB: what is tried of models without large tensors
_WORTH = 0.9  # of the size with the same levels: what losing more must save where a quality is asked for
_CLOSE, _CLOSER = 0.995, 0.9975
"""A size this near below the one asked for is near enough, and one that is aimed at."""


def plan_auto(request: PlanRequest) -> Plan:
    """Return records for every tensor, aiming at the goal in the options.

    Raises
    ------
    ModelError
        E_GOAL if the model cannot be made as small as asked for.
    """
    options, workers = request.options, request.workers
    tensors = with_tolerance_of_values(request.tensors)
    overhead = request.overhead
    partition = partition_tensors(tensors, options.exact)
    before = find_coded_before(tensors, partition, workers, request.device)
    partition = with_nibbles(partition, tensors, options.exact)
    target = target_size(tensors, options, overhead)
    again: Plan | None = None
    if before.records or before.integers or before.is_model:
        again = _plan_again(request, tensors, partition, before)
        is_small = options.quality is None if target is None else _size(again, overhead) <= target
        if is_small:
            return again
        partition = _with_levels_to_lose(partition, before, tensors)
    exact = plan_exact(tensors, {i: partition.notes[i] for i in partition.exact}, workers, request.device)

    def plan_at(quality: float) -> Plan:
        if request.calibration is not None:
            return plan_calibrated(tensors, partition, exact, quality, request, request.calibration)
        return _plan_at(request, tensors, partition, exact, quality)

    def attempt(quality: float) -> Plan:
        with workers.during(ProgressEvent(Phase.SEARCHING, number=next(numbers))):
            return plan_at(quality)

    numbers = count(1)
    if target is None:
        quality = DEFAULT_QUALITY if options.quality is None else options.quality
        plan = plan_at(quality)
        if not partition.weights and not partition.nibbles:
            # Of small tensors alone, more bits can take fewer bytes: they repeat, or are exact.
            finer = [plan_at(other) for other in _FINER if other > quality]
            plan = min([*finer[::-1], plan], key=lambda plan: _size(plan, overhead))
        is_worth = again is None or _size(plan, overhead) < _WORTH * _size(again, overhead)
        return plan if is_worth or again is None else again
    weights = sum(tensors[i].weights for i in partition.lossy)
    return search_size(attempt, target, weights, overhead)


def _plan_again(
    request: PlanRequest, tensors: Sequence[Tensor], partition: Partition, before: CodedBefore
) -> Plan:
    """Return records of a model some or all of whose tensors were coded before: these lose nothing more."""
    options, workers = request.options, request.workers
    again = before.numbers
    parameters = [i for i in partition.parameters if i not in again]
    notes = {i: partition.notes[i] for i in partition.exact if i not in again} | before.integers
    if before.is_model:
        notes |= dict.fromkeys(parameters, "")
        parameters = []
    weights = [i for i in partition.weights if i not in again and i not in before.integers]
    nibbles = [] if before.is_model else partition.nibbles
    notes |= dict.fromkeys(set(partition.nibbles).difference(nibbles), "")
    rest = replace(partition, weights=weights, parameters=parameters, nibbles=nibbles)
    records = [*before.records, *plan_exact(tensors, notes, workers, request.device)]
    if not rest.lossy:
        return Plan(records, before.tables.tables)
    quality = DEFAULT_QUALITY if options.quality is None else options.quality
    return _plan_at(request, tensors, rest, records, quality, before.tables)


def _with_levels_to_lose(partition: Partition, before: CodedBefore, tensors: Sequence[Tensor]) -> Partition:
    """Return a partition in which what was coded before may lose more, however few values it has."""
    few = before.numbers.intersection(partition.exact)
    large = {i for i in few if tensors[i].size >= SMALL and not tensors[i].is_vector}
    return replace(
        partition,
        weights=sorted({*partition.weights, *large}),
        parameters=sorted({*partition.parameters, *(few - large)}),
        exact=[i for i in partition.exact if i not in few],
    )


def target_size(tensors: Sequence[Tensor], options: Options, overhead: Overhead) -> int | None:
    """Return the size of the file to reach, in bytes, or None where the goal is a quality."""
    if options.bits is not None:
        return overhead.size + int(options.bits * sum(tensor.size for tensor in tensors) / 8)
    if options.ratio is not None:
        return int(overhead.original_size / options.ratio)
    return options.target_size


def _plan_at(
    request: PlanRequest,
    tensors: Sequence[Tensor],
    partition: Partition,
    exact: list[PlannedRecord],
    quality: float,
    others: SharedSet | None = None,
) -> Plan:
    """Return records at a quality in dB; `others` are tables of records that there are."""
    options, workers, device = request.options, request.workers, request.device
    wholes = Wholes(tensors, [*partition.weights, *partition.nibbles])
    if options.objective is Objective.WEIGHTS:
        noise, parameter_noise = equal_noise(wholes.sizes, wholes.powers, len(partition.parameters), quality)
        candidates = equal_steps
    else:
        parameters = [tensors[i].size for i in partition.parameters]
        noise, parameter_noise = allocate_noise(wholes.sizes, parameters, quality)
        candidates = shapings
    by_row = options.objective is not Objective.WEIGHTS
    allowed = wholes.noise(noise)
    machine = options.effort.machine
    rest = by_row, machine, device
    items = (
        (candidates(own), own.values(), allowed[i], *rest, own.grid, options.updatable and own.grid is None)
        for i, own in ((i, tensors[i]) for i in partition.weights)
    )
    store = workers.store()
    quantized: dict[int, StoredLevels] = {}
    found = workers.map(quantize_settled, items, len(partition.weights))
    for i, q in zip(partition.weights, found, strict=True):
        if not is_finer_than_integers(q, tensors[i].grid):
            quantized[i] = StoredLevels.put(q, store, device)
    fine = plan_exact(
        tensors, dict.fromkeys(set(partition.weights) - quantized.keys(), FINE), workers, device
    )
    if options.stable:
        tables = no_tables(others)
    else:
        tables = shared_tables((stored.get() for stored in quantized.values()), others)
    coded = (
        PlannedRecord(weight_record(tensors[i], stored.get(), tables, device), (i,))
        for i, stored in quantized.items()
    )
    grouped = code_small_tensors(tensors, partition.parameters, parameter_noise.tolist(), device)
    nibbles = plan_nibbles(tensors, {i: allowed[i] for i in partition.nibbles}, {}, workers, device)
    return Plan(
        [*exact, *fine, *nibbles, *put_aside(chain(coded, grouped), workers.store(), device)], tables[0]
    )


def search_size(plan_at: Callable[[float], Plan], target: int, weights: int, overhead: Overhead) -> Plan:
    """Return the records of the highest quality whose file is at most `target` bytes.

    Six decibels are about a bit for every weight, so that the size is nearly linear in the quality. That
    finds a quality too low and one too high, between which interpolation goes on.
    """
    slope = max(weights, 1) / 6.02 / 8  # bytes for each decibel
    low: tuple[float, int] | None = None
    high: tuple[float, int] | None = None
    best: Plan | None = None
    quality = _FIRST
    for _ in range(_TRIES):
        plan = plan_at(quality)
        size = _size(plan, overhead)
        if size <= target:
            low, best = (quality, size), plan
        else:
            high = quality, size
            if quality == _LOWEST or not weights:
                raise ModelError("E_GOAL", f"cannot be made smaller than about {size:,} bytes")
        if (low and (low[1] >= _CLOSE * target or low[0] == _HIGHEST)) or not weights:
            break
        if low and high:
            if high[0] - low[0] < 0.01:
                break
            share = (_CLOSER * target - low[1]) / max(high[1] - low[1], 1)
            quality = low[0] + (high[0] - low[0]) * min(max(share, 0.02), 0.98)
        else:
            quality = min(max(quality + (_CLOSER * target - size) / slope, _LOWEST), _HIGHEST)
    if best is not None:
        return best
    least = plan_at(_LOWEST)
    if (size := _size(least, overhead)) > target:
        raise ModelError("E_GOAL", f"cannot be made smaller than about {size:,} bytes")
    return least


def _size(plan: Plan, overhead: Overhead) -> int:
    """Return the bytes of the file that a plan makes, to a few bytes; its records are put aside."""
    return overhead.size + len(write_tables(plan.tables)) + sum(coded.size + ENTRY for coded in plan.coded)

"""The plan of an update: what stays, what is changed, and what is fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

import numpy as np

from nntc.encoder.allocate import allocate_by_sensitivity, allocate_noise, equal_noise
from nntc.encoder.device import Device
from nntc.encoder.methods.aside import StoredLevels, put_aside
from nntc.encoder.methods.auto import search_size, target_size
from nntc.encoder.methods.partition import Partition, partition_tensors, with_tolerance_of_values
from nntc.encoder.methods.plan import Plan, PlannedRecord, PlanRequest
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import SharedSet, quantize, shared_tables
from nntc.encoder.methods.wholes import Wholes
from nntc.encoder.options import DEFAULT_QUALITY, Method, Objective
from nntc.encoder.quantize.shaping import Shaping, equal_steps, shapings
from nntc.encoder.tensor.difference import Origin, as_difference, product_record
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.base import UpdateBase
from nntc.encoder.update.elements import BaseElements
from nntc.encoder.update.exact import exact_record, plan_exact_changes
from nntc.encoder.update.small import code_small_changes
from nntc.encoder.update.weights import Chosen, Prices, choose
from nntc.format.registry import Method as DifferenceMethod
from nntc.format.registry import Tool
from nntc.format.trellis import Machine
from nntc.progress import Phase, ProgressEvent
from nntc.reader.changes import Change

_SHARE = 0.022
"""Noise that is as bad as an error of the change, of what fresh weights may have: of a `_USUAL` change."""
_USUAL = 0.0055**2
"""Power of a change relative to that of the weights."""
_GROWTH = 0.3
"""How the share grows with the power of the change: measured, see benchmarks/README.md."""
_MOST = 0.5

_MUCH = 0.25
"""Part of an update that codes noise of the base from which that is worth a word."""


def split_same(
    base: UpdateBase, tensors: Sequence[Tensor], partition: Partition
) -> tuple[Partition, dict[int, int]]:
    """Return a partition of what has changed, and by tensor number where in the base what has not is."""
    same = {i: base.elements[i].start for i, tensor in enumerate(tensors) if base.is_same(i, tensor)}
    weights, parameters, exact = (
        [i for i in group if i not in same]
        for group in (partition.weights, partition.parameters, partition.exact)
    )
    return Partition(weights, parameters, exact, partition.notes), same


def plan_update(request: PlanRequest) -> Plan:
    """Return the plan of an update by method auto, aiming at the goal in the options.

    Raises
    ------
    ModelError
        E_GOAL if the update cannot be made as small as asked for.
    """
    options, overhead = request.options, request.overhead
    tensors = with_tolerance_of_values(request.tensors)
    partition = partition_tensors(tensors, options.exact)
    planner = UpdatePlanner(request, _base(request), tensors, partition)
    target = target_size(tensors, options, overhead)
    if target is None:
        return planner.at(DEFAULT_QUALITY if options.quality is None else options.quality)
    numbers = count(1)

    def attempt(quality: float) -> Plan:
        with request.workers.during(ProgressEvent(Phase.SEARCHING, number=next(numbers))):
            return planner.at(quality)

    return search_size(attempt, target, sum(tensors[i].size for i in partition.lossy), overhead)


def _base(request: PlanRequest) -> UpdateBase:
    if request.base is None:
        raise TypeError("an update has a base")
    return request.base


def plan_lossless_update(request: PlanRequest) -> Plan:
    """Return exact records for every tensor that is not in the base as it is."""
    tensors, base = request.tensors, _base(request)
    same = {i: base.elements[i].start for i, tensor in enumerate(tensors) if base.is_same_now(i, tensor)}
    notes = {i: "" for i in range(len(tensors)) if i not in same}
    records = plan_exact_changes(tensors, notes, base.elements, request.workers, request.device)
    return Plan(records, copied=same)


class UpdatePlanner:
    """Plans of an update at any quality.

    Parameters
    ----------
    request, base
        What is asked.
    tensors, partition
        All tensors, and how they would be coded in a file of their own.
    """

    def __init__(
        self, request: PlanRequest, base: UpdateBase, tensors: Sequence[Tensor], partition: Partition
    ) -> None:
        self._request, self._base, self._tensors, self._all = request, base, tensors, partition
        self._changed, self._same = split_same(base, tensors, partition)
        # What is to be exact is, whatever the base was before it was coded.
        inexact = [i for i in partition.exact if i in self._same and not base.is_same_now(i, tensors[i])]
        for i in inexact:
            del self._same[i]
        notes = {i: partition.notes[i] for i in (*self._changed.exact, *inexact)}
        workers, device = request.workers, request.device
        self._exact = plan_exact_changes(tensors, notes, base.elements, workers, device)
        self._noise: dict[int, float] = {}
        self._share = request.share or _share(tensors, self._changed.weights, base)

    def at(self, quality: float) -> Plan:
        """Return the plan at a quality in dB."""
        weights, parameters, candidates = self._allocate(quality)
        workers, device, store = self._request.workers, self._request.device, self._request.workers.store()
        by_row = self._request.options.objective is not Objective.WEIGHTS
        is_exact = self._base.is_exact or self._request.options.refine
        memory = self._request.options.device_memory
        room = None if memory is None else memory // 4
        numbers = self._changed.weights
        items = (
            (
                self._tensors[i],
                candidates(self._tensors[i]),
                self._base.elements.get(i),
                Prices(weights[i], self._share, is_exact, room),
                by_row,
                self._request.options.effort.machine,
                device,
                self._request.options.updatable,
            )
            for i in numbers
        )
        chosen: dict[int, tuple[Chosen, StoredLevels | None]] = {}
        for i, own in zip(numbers, workers.map(_choose, items, len(numbers)), strict=True):
            levels = None if own.quantized is None else StoredLevels.put(own.quantized, store, device)
            chosen[i] = replace(own, quantized=None), levels
        tables = shared_tables(levels.get() for _, levels in chosen.values() if levels is not None)
        copied = dict(self._same)
        for i, (own, _) in chosen.items():
            elements = self._base.elements.get(i)
            if own.change is Change.SAME and elements and elements.element is self._tensors[i].element:
                copied[i] = elements.start
        records = (
            PlannedRecord(self._record(i, *chosen[i], tables, device), (i,))
            for i in numbers
            if i not in copied
        )
        small = self._changed.parameters
        grouped = code_small_changes(
            self._tensors, small, [parameters[i] for i in small], self._base.elements, device
        )
        planned = [*self._exact, *put_aside(chain(records, grouped), workers.store(), device)]
        changes = {i: own.change for i, (own, _) in chosen.items()}
        return Plan(planned, tables[0], self._remarks(planned, changes), copied=copied)

    def _remarks(self, planned: Sequence[PlannedRecord], changes: Mapping[int, Change]) -> tuple[str, ...]:
        """Return what makes a much smaller update."""
        if self._base.is_exact or self._request.options.refine or not self._base.is_coded:
            return ()
        total = noise = 0.0
        for one in planned:
            number = one.tensors[0]
            total += one.size
            if changes.get(number) in (Change.DIFFERENCE, Change.LOW_RANK):
                noise += one.size * self._noise_part(number)
        if noise < max(_MUCH * total, 1):
            return ()
        return (
            f"some {noise / total:.0%} of the update's bytes code noise of the base, which is lossy: it "
            "would be smaller by about that with the model that the base was encoded from (base exact)",
        )

    def _noise_part(self, number: int) -> float:
        """Return what part of a changed weight tensor is noise of the base, where nothing tells it apart."""
        if number not in self._noise:
            base = self._base.elements[number]
            self._noise[number] = 0.0 if base.grid else base.noise_part(self._tensors[number])
        return self._noise[number]

    def _allocate(self, quality: float) -> tuple[dict[int, float], dict[int, float], Candidates]:
        """Return the noise of weights and of small tensors by number, as in a file of its own."""
        tensors, partition, data = self._tensors, self._all, self._request.calibration
        wholes = Wholes(tensors, partition.weights)
        sizes = [tensors[i].size for i in partition.parameters]
        if data is not None:
            noise = allocate_by_sensitivity(
                {i: tensors[i].size for i in partition.lossy},
                {i: data.sensitivity[i] for i in partition.lossy if i in data.sensitivity},
                quality,
                partition.weights or partition.lossy,
            )
            return noise, noise, shapings
        if self._request.options.objective is Objective.WEIGHTS:
            own, small = equal_noise(wholes.sizes, wholes.powers, len(sizes), quality)
            candidates: Candidates = equal_steps
        else:
            own, small = allocate_noise(wholes.sizes, sizes, quality)
            candidates = shapings
        return wholes.noise(own), dict(zip(partition.parameters, small.tolist(), strict=True)), candidates

    def _record(
        self, number: int, chosen: Chosen, levels: StoredLevels | None, tables: SharedSet, device: Device
    ) -> Record:
        """Return the record of a weight tensor."""
        tensor, quantized = self._tensors[number], None if levels is None else levels.get()
        if chosen.change is Change.FRESH and quantized is not None:
            return weight_record(tensor, quantized, tables, device)
        base = self._base.elements[number]
        origin: Origin | None = Origin(base.element, (base.start,))
        if chosen.change is Change.SAME:  # but of another element type
            return exact_record(tensor, base, "", device)
        fragments = []
        view = tensor.view
        if chosen.product is not None:
            fragments += product_record(tensor.element, view, chosen.product, origin).fragments
            origin = None
        if quantized is not None:
            levels_of_it = weight_record(tensor, quantized, tables, device)
            fragments += as_difference(levels_of_it, DifferenceMethod.UNIFORM, origin).fragments
        record = Record(fragments, tensor.element, Tool.DIFFERENCE, view)
        return record if record.is_long_enough else exact_record(tensor, base, "", device)


Candidates = Callable[[Tensor], list[Shaping]]
"""Ways to code a tensor."""


def _choose(
    tensor: Tensor,
    candidates: Sequence[Shaping],
    base: BaseElements | None,
    prices: Prices,
    by_row: bool,
    machine: Machine,
    device: Device,
    scalar: bool,
) -> Chosen:
    if base is None:
        fresh = quantize(candidates, tensor.values(), prices.noise, by_row, machine, device, scalar=scalar)
        return Chosen(Change.FRESH, None, fresh)
    return choose(tensor, candidates, base, prices, by_row, machine, device, scalar)


def _share(tensors: Sequence[Tensor], numbers: Sequence[int], base: UpdateBase) -> float:
    """Return what part of the noise of fresh weights is as bad as an error of the change."""
    changed = power = 0.0
    for i in numbers:
        if i in base.elements:
            values = tensors[i].values()
            change = values - base.elements[i].exact_values(tensors[i].view)
            own = float(values @ values)
            if (moved := float(change @ change)) < own:
                changed, power = changed + moved, power + own
    if not changed > 0:
        return _SHARE
    return min(_SHARE * float(np.power(changed / power / _USUAL, _GROWTH)), _MOST)


UPDATE_METHODS: Mapping[Method, Callable[[PlanRequest], Plan]] = {
    Method.AUTO: plan_update,
    Method.LOSSLESS: plan_lossless_update,
}
"""Every method that makes updates."""

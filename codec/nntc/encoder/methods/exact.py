"""Method lossless, and what other methods code exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.aside import put_aside
from nntc.encoder.methods.exact_integers import code_integers
from nntc.encoder.methods.lossless import looks_compressed, lossless_record
from nntc.encoder.methods.partition import SMALL, partition_tensors
from nntc.encoder.methods.plan import ENTRY, Plan, PlannedRecord, PlanRequest
from nntc.encoder.methods.recognize import find_coded_before
from nntc.encoder.methods.small_tensors import code_small_exactly
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers


def plan_lossless(request: PlanRequest) -> Plan:
    """Return exact records for every tensor."""
    tensors, workers = request.tensors, request.workers
    device = request.device
    before = find_coded_before(tensors, partition_tensors(tensors), workers, device)
    again = before.numbers
    rest = {i: "" for i in range(len(tensors)) if i not in again}
    together = sum(c.record.output for c in before.records if c.record.view.lengths)
    room = 2 * device.together - together
    exact = plan_exact(tensors, rest, workers, device, room)
    alone = {planned.tensors[0]: planned.size for planned in exact if not planned.record.view.lengths}
    integers, tables = code_integers(tensors, alone, before.tables.tables, device)
    smaller = {planned.tensors[0] for planned in integers}
    exact = [planned for planned in exact if planned.tensors[0] not in smaller]
    return Plan([*before.records, *exact, *put_aside(integers, workers.store(), device)], tables)


def plan_exact(
    tensors: Sequence[Tensor],
    notes: Mapping[int, str],
    workers: Workers,
    device: Device = ANY_DEVICE,
    room: int | None = None,
) -> list[PlannedRecord]:
    """Return exact records of some tensors, small ones together.

    Parameters
    ----------
    notes
        By tensor number why it is coded so, for the report; "" where nothing else is possible.
    device
        The decoder that the records are for.
    room
        Bytes of small tensors that may be coded together.
    """

    def alone(numbers: list[int]) -> Iterator[PlannedRecord]:
        items = ((tensors[i].element, tensors[i].view, tensors[i].bits(), notes[i], device) for i in numbers)
        records = workers.map(lossless_record, items, len(numbers))
        return (PlannedRecord(record, (i,)) for i, record in zip(numbers, records, strict=True))

    large, small = [], []
    room = device.together if room is None else room
    for i in sorted(notes):  # parts stand in the order of payloads
        size = tensors[i].nbytes
        if tensors[i].size < SMALL and size <= room:
            small.append(i)
            room -= size
        else:
            large.append(i)
    choices: list[list[PlannedRecord]] = [code_small_exactly(tensors, small, notes, device)]
    apart = [i for i in small if not tensors[i].is_vector and looks_compressed(tensors[i])]
    if apart:
        found = set(apart)
        others = [i for i in small if i not in found]
        choices.append([*alone(apart), *code_small_exactly(tensors, others, notes, device)])
    smallest = min(choices, key=_expected_size)
    return put_aside(chain(alone(large), smallest), workers.store(), device)


def _expected_size(coded: list[PlannedRecord]) -> float:
    return sum(c.record.expected_size + ENTRY for c in coded)

"""Method lossless, and what other methods code exactly."""

from __future__ import annotations

from collections.abc import Mapping

from codec.encoder.methods.groups import group_exact
from codec.encoder.methods.lossless import looks_compressed, lossless_record
from codec.encoder.methods.plan import Coded, Plan
from codec.encoder.methods.sorting import MAX_TOGETHER, SMALL
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers

_ENTRY = 12  # bytes of a section in directory and splices


def plan_lossless(tensors: list[Tensor], workers: Workers) -> Plan:
    """Return exact records for every tensor."""
    return Plan(plan_exact(tensors, dict.fromkeys(range(len(tensors)), ""), workers))


def plan_exact(tensors: list[Tensor], notes: Mapping[int, str], workers: Workers) -> list[Coded]:
    """Return exact records of some tensors, small ones together.

    Parameters
    ----------
    notes
        By tensor number why it is coded so, for the report; "" where nothing else is possible.
    """

    def alone(numbers: list[int]) -> list[Coded]:
        items = [(tensors[i].element, tensors[i].view, tensors[i].bits(), notes[i]) for i in numbers]
        records = workers.map(lossless_record, items)
        return [Coded(record, (i,)) for i, record in zip(numbers, records, strict=True)]

    large, small = [], []
    room = MAX_TOGETHER
    for i in notes:
        size = tensors[i].data.nbytes
        if tensors[i].size < SMALL and size <= room:
            small.append(i)
            room -= size
        else:
            large.append(i)
    choices = [group_exact(tensors, small, notes)]
    apart = [i for i in small if not tensors[i].is_vector and looks_compressed(tensors[i])]
    if apart:
        others = [i for i in small if i not in set(apart)]
        choices.append(alone(apart) + group_exact(tensors, others, notes))
    return alone(large) + min(choices, key=_expected_size)


def _expected_size(coded: list[Coded]) -> float:
    return sum(c.record.expected_size + _ENTRY for c in coded)

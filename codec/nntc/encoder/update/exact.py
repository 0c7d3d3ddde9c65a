"""Exact records of what changed: integers that are added to the order of bit patterns, or fresh ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.aside import put_aside
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.partition import SMALL
from nntc.encoder.methods.plan import ENTRY, PlannedRecord
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.tensor.difference import Origin, as_difference
from nntc.encoder.tensor.planes import planes_record
from nntc.encoder.tensor.ragged import ragged_view
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.elements import BaseElements
from nntc.encoder.workers import Workers
from nntc.format.patterns import converted, folded, order
from nntc.format.registry import Method
from nntc.format.view import View

_WIDEST = 8
_CONTEXTS_FROM = 1 << 14


def plan_exact_changes(
    tensors: Sequence[Tensor],
    notes: Mapping[int, str],
    elements: Mapping[int, BaseElements],
    workers: Workers,
    device: Device = ANY_DEVICE,
) -> list[PlannedRecord]:
    """Return exact records of some tensors, each the smaller of one of its change and a fresh one.

    Parameters
    ----------
    notes
        By tensor number why it is coded so, for the report.
    elements
        By tensor number what of the base it came from.
    """
    known = [i for i in sorted(notes) if i in elements and tensors[i].element.width <= _WIDEST]
    large = [i for i in known if tensors[i].size >= SMALL]
    small = [i for i in known if tensors[i].size < SMALL]
    items = ((tensors[i], elements[i], notes[i], device) for i in large)
    records = workers.map(exact_record, items, len(large))
    alone = (PlannedRecord(record, (i,)) for i, record in zip(large, records, strict=True))
    planned = put_aside(alone, workers.store(), device)
    changes = put_aside(_together(tensors, small, elements, device), workers.store(), device)
    fresh = plan_exact(tensors, {i: notes[i] for i in small}, workers, device)
    smaller = min(changes, fresh, key=lambda records: sum(one.size + ENTRY for one in records))
    rest = {i: note for i, note in notes.items() if i not in set(known)}
    return [*planned, *smaller, *plan_exact(tensors, rest, workers, device)]


def exact_record(tensor: Tensor, base: BaseElements, note: str, device: Device = ANY_DEVICE) -> Record:
    """Return the smaller record of a tensor: of its change, or fresh."""
    fresh = lossless_record(tensor.element, tensor.view, tensor.bits(), note, device)
    origin = Origin(base.element, (base.start,))
    change = _record(tensor, tensor.view, _change(tensor, base), origin, device)
    choices = [fresh, change] if change.is_long_enough else [fresh]
    return min(choices, key=lambda record: record.expected_size)


def _change(tensor: Tensor, base: BaseElements) -> NDArray[Any]:
    before = converted(base.bits(tensor.view), base.element, tensor.element)
    return folded(order(tensor.bits(), tensor.element) - order(before, tensor.element))


def _record(tensor: Tensor, view: View, change: NDArray[Any], origin: Origin, device: Device) -> Record:
    classes = None  # of the fourth root: the few elements that came over zero have changes of any size
    if view.size >= _CONTEXTS_FROM:
        classes = device.within(fit_scales(np.sqrt(np.sqrt(change.astype(np.float32))), view).classes, 1)
    record = planes_record(tensor.element, view, change, classes, device, is_difference=True)
    return as_difference(record, Method.PLANES, origin)


def _together(
    tensors: Sequence[Tensor], numbers: Sequence[int], elements: Mapping[int, BaseElements], device: Device
) -> Iterator[PlannedRecord]:
    """Yield records of the changes of small tensors, those of like elements together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in numbers:
        groups.setdefault((tensors[i].element, elements[i].element), []).append(i)
    for group in groups.values():
        flat = [tensors[i].flat() for i in group]
        change = np.concatenate([_change(t, elements[i]) for t, i in zip(flat, group, strict=True)])
        view = ragged_view([t.size for t in flat])
        origin = Origin(elements[group[0]].element, tuple(elements[i].start for i in group))
        yield PlannedRecord(_record(flat[0], view, change, origin, device), tuple(group))

"""Biases, normalizations and other small tensors: what is added to the base as it was decoded, or fresh.

Other than of weights, the difference is that to the decoded base: what scales outputs, or divides by a
variance, must be near its value, and not as far from it as the base's was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.methods.small_tensors import SmallGroup, code_small_tensors, small_groups
from nntc.encoder.tensor.difference import Origin, as_difference
from nntc.encoder.tensor.planes import planes_record
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.elements import BaseElements
from nntc.format.patterns import converted, folded, order, values_of
from nntc.format.registry import ElementType, Method


def code_small_changes(
    tensors: Sequence[Tensor],
    numbers: Sequence[int],
    noise: Sequence[float],
    elements: Mapping[int, BaseElements],
    device: Device = ANY_DEVICE,
) -> list[PlannedRecord]:
    """Return records of small tensors, those with likes in the base as changes where that is smaller.

    Parameters
    ----------
    noise, device
        As for `small_groups`.
    elements
        By tensor number what of the base it came from.
    """
    allowed = dict(zip(numbers, noise, strict=True))
    rest = [i for i in numbers if i not in elements]
    coded = code_small_tensors(tensors, rest, [allowed[i] for i in rest], device)
    for kind in sorted({elements[i].element for i in numbers if i in elements}):
        own = [i for i in numbers if i in elements and elements[i].element is kind]
        for group in small_groups(tensors, own, [allowed[i] for i in own], device):
            change = _change(group, [elements[i] for i in group.numbers], kind, device)
            records = [group.record(device), *([] if change is None else [change])]
            best = min(records, key=lambda record: record.expected_size)
            coded.append(PlannedRecord(best, group.numbers))
    return coded


def _change(
    group: SmallGroup, bases: Sequence[BaseElements], kind: ElementType, device: Device
) -> Record | None:
    """Return the record of a group's changes; None where they are too large for levels."""
    origin = Origin(kind, tuple(base.start for base in bases))
    before = [_patterns(base, tensor) for base, tensor in zip(bases, group.tensors, strict=True)]
    if group.patterns is not None:
        bits = order(group.patterns, group.element) - order(np.concatenate(before), group.element)
        record = planes_record(group.element, group.view, folded(bits), None, device, is_difference=True)
        return as_difference(record, Method.PLANES, origin)
    if group.is_alone:
        return None
    values = [
        tensor.values() - values_of(own, group.element)
        for tensor, own in zip(group.tensors, before, strict=True)
    ]
    try:
        return as_difference(group.uniform(values, device), Method.UNIFORM, origin)
    except ValueError:
        return None


def _patterns(base: BaseElements, tensor: Tensor) -> NDArray[np.unsignedinteger]:
    own: NDArray[np.unsignedinteger] = converted(base.bits(tensor.view), base.element, tensor.element)
    return own

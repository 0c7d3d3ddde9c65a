"""Models that were coded before: their tensors are coded once more exactly, at the size that they had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.aside import StoredLevels, put_aside
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.partition import FEW_DISTINCT, SMALL, Partition
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.methods.recognize.integers import RecognizedIntegers, recognize_integers
from nntc.encoder.methods.recognize.small import recognize_small
from nntc.encoder.methods.recognize.weights import Recognized, domains_of, recognize_weights
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import Quantized, Scalar, SharedSet, shared_tables
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers

NOTE = "coded before: the same levels again"
SAME = "coded before: the same integers again"
_MOST = 0.5  # of the weights, from which a model counts as coded before, all of it
_LEAST_SINGLE = 64  # elements
_MAX_TOGETHER = 1 << 22  # bytes of small tensors of one type: the format limits those of all


@dataclass(frozen=True, slots=True, eq=False)
class CodedBefore:
    """Tensors whose levels were found.

    Parameters
    ----------
    records
        Their records.
    tables
        Tables that these share: the first of the model's.
    is_model
        Whether most weights are among them: then nothing of the model is to lose any more.
    integers
        Quantized weights that were coded before, or are those of a model that was, but whose levels are not
        known: with notes, to be coded exactly.
    """

    records: list[PlannedRecord]
    tables: SharedSet
    is_model: bool
    integers: dict[int, str]

    @property
    def numbers(self) -> set[int]:
        """Numbers of the tensors."""
        return {i for planned in self.records for i in planned.tensors}


def find_coded_before(
    tensors: Sequence[Tensor], partition: Partition, workers: Workers, device: Device = ANY_DEVICE
) -> CodedBefore:
    """Find tensors that were coded before, and code them again for a device."""
    few = {i for i in partition.exact if partition.notes[i] == FEW_DISTINCT}
    large = {i for i in few if tensors[i].size >= SMALL and not tensors[i].is_vector}
    weights = sorted({*partition.weights, *large})
    small = sorted({*partition.parameters, *(few - large)})
    store = workers.store()
    results = workers.map(_recognize, ((tensors[i],) for i in weights), len(weights))
    found: dict[int, StoredLevels] = {}
    integers: dict[int, str] = {}
    for i, result in zip(weights, results, strict=True):
        if result is not None and result.quantized is not None:
            found[i] = StoredLevels.put(result.quantized, store, device)
        elif result is not None:
            integers[i] = SAME
    if all(tensors[i].grid is None for i in found):
        integers = {}  # without levels of any, what was seen may be chance
    size = sum(tensors[i].size for i in weights)
    known = sum(tensors[i].size for i in {*found, *integers, *large})
    is_model = bool(known) and known >= _MOST * size
    if is_model:
        integers |= {i: SAME for i in weights if tensors[i].grid is not None and i not in found}
    tables = shared_tables(stored.get() for stored in found.values())
    coded = (
        _record(tensors[i], stored.get(), tables, device, is_few=i in few) for i, stored in found.items()
    )
    planned = (PlannedRecord(record, (i,)) for i, record in zip(found, coded, strict=True))
    records = put_aside(planned, workers.store(), device)
    more = []
    left = set(small) if is_model else set()
    # Few numbers tell little by themselves: only where weights were coded before, small tensors were, too.
    for element in sorted({tensors[i].element for i in small}) if is_model else ():
        own = [i for i in small if tensors[i].element is element]
        if sum(tensors[i].nbytes for i in own) > min(_MAX_TOGETHER, device.together // 2):
            continue
        again = recognize_small(tensors, own, element)
        if again is not None:
            more.append(PlannedRecord(replace(again.record, note=NOTE), tuple(again.numbers)))
            left -= set(again.numbers)
    for i in sorted(left):
        single = _single(tensors[i], device)
        if single is not None:
            more.append(PlannedRecord(replace(single, note=NOTE), (i,)))
    return CodedBefore([*records, *put_aside(more, workers.store(), device)], tables, is_model, integers)


def _recognize(tensor: Tensor) -> Recognized | RecognizedIntegers | None:
    if tensor.grid is None:
        return recognize_weights(tensor)
    return recognize_integers(tensor.grid, tensor.bits(), list(domains_of(tensor)))


def _record(
    tensor: Tensor, quantized: Quantized | Scalar, tables: SharedSet, device: Device, *, is_few: bool
) -> Record:
    """Return the record of levels that were found, or a codebook where that is smaller."""
    record = replace(weight_record(tensor, quantized, tables, device), note=NOTE)
    if is_few and isinstance(quantized, Scalar):
        codebook = lossless_record(tensor.element, tensor.view, tensor.bits(), FEW_DISTINCT, device)
        record = min(record, codebook, key=lambda one: one.expected_size)
    return record


def _single(tensor: Tensor, device: Device) -> Record | None:
    """Return the record of a small weight tensor by itself, where it was coded so and that is smaller."""
    if tensor.is_vector or tensor.size < _LEAST_SINGLE:
        return None
    result = recognize_weights(tensor)
    if result is None:
        return None
    record = weight_record(tensor, result.quantized, SharedSet([], {}), device)
    exact = lossless_record(tensor.element, tensor.view, tensor.bits(), device=device)
    return record if record.expected_size < exact.expected_size else None

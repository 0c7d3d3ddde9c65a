"""Records decoded again, as a decoder will: for hashes of the files, and to see how far they are off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.base import NO_BASE
from nntc.decoder.directory import Section
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.payloads import decode_sections
from nntc.decoder.tensor.record import Payload, WorkingMemory
from nntc.encoder.device import Device
from nntc.encoder.methods import Plan
from nntc.encoder.store import Joined, Store, Stored
from nntc.encoder.tensor.detail import tool_detail
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.base import UpdateBase
from nntc.errors import ModelError
from nntc.format.registry import Profile, SectionType
from nntc.format.tables import FrequencyTable
from nntc.reader.changes import Change, change_of


class DecodedRecords:
    """The records of a plan in the order of the output, decoded one after the other.

    Parameters
    ----------
    plan
        Records, put aside.
    tensors
        What they hold.
    copies
        By payload, how often the model has it again.
    store
        Where parts wait that it has again.
    device
        What must have the memory to decode them.
    base
        What those of an update change.
    """

    def __init__(
        self,
        plan: Plan,
        tensors: Sequence[Tensor],
        copies: Mapping[int, int],
        store: Store,
        device: Device,
        base: UpdateBase | None = None,
    ) -> None:
        self.coded = sorted(plan.coded, key=lambda c: min(c.tensors))
        """Records by the first payload they hold."""
        self.errors: dict[int, float] = {}
        """||decoded - original|| / ||original|| by tensor."""
        self.details: list[str] = []
        """For people, by record."""
        self.changes: list[Change] = []
        """By record, of an update."""
        self.profile = Profile.DEVICE
        """The first that has the coders of all records taken so far."""
        self._memory = WorkingMemory()
        self._tensors, self._copies, self._store, self._device = tensors, copies, store, device
        self._kept: dict[int, tuple[Payload, NDArray[np.int64]]] = {}  # records of which parts are left
        self._again: dict[int, Stored] = {}
        self._base = NO_BASE if base is None else base.decoder_base
        self._sizes = () if base is None else tuple(file.size for file in base.files)
        self._payloads = self._decode([table for table, _ in plan.tables])

    def _decode(self, tables: Sequence[FrequencyTable]) -> Iterator[tuple[Payload, NDArray[np.int64]]]:
        """Yield payload and ends of the parts of each record."""
        sections = []
        offset = 0
        for c in self.coded:
            body = c.body
            sections.append(Section(SectionType.TENSOR, offset, len(body), c.record.output, body.digest))
            offset += len(body)
        source = Joined([c.body for c in self.coded])
        context = ParseContext(Profile.FULL, tables, base_sizes=self._sizes)
        for record, payload in decode_sections(source, sections, context, base=self._base):
            self.details.append(tool_detail(record))
            self.changes.append(change_of(record))
            self.profile = max(self.profile, record.profile)
            self._memory.add(record)
            self._check_memory(len(self.details) - 1)
            yield payload, record.part_ends()
            del record, payload  # nothing here keeps them while the next is decoded

    def _check_memory(self, record: int) -> None:
        """Raise E_GOAL if a device has not the memory to decode what there is so far."""
        if self._device.memory is not None and self._memory.most > self._device.memory:
            name = self._tensors[self.coded[record].tensors[0]].name
            raise ModelError(
                "E_GOAL",
                f"{name!r} cannot be coded for {self._device.memory:,} bytes of working memory: "
                f"it takes {self._memory.most:,}",
            )

    @property
    def memory(self) -> int:
        """Bytes of working memory that a decoder needs for the records taken so far."""
        return self._memory.most

    def take(self, record: int, part: int) -> memoryview:
        """Return a part; records and the parts of each are taken in order."""
        if part == 0:
            self._kept[record] = next(self._payloads)
        payload, ends = self._kept[record]
        if part == ends.size - 1:
            del self._kept[record]
        data = payload.data[ends[part - 1] if part else 0 : ends[part]]
        tensor = self.coded[record].tensors[part]
        self.errors[tensor] = _relative_error(self._tensors[tensor], data)
        original = self._tensors[tensor].original
        if self._copies.get(self._tensors[tensor].payload) and data != original.read():
            self._again[tensor] = self._store.put(bytes(data))
        return data

    def copied(self, tensor: int, data: bytes) -> None:
        """Note what a tensor is that is copied from the base."""
        self.errors[tensor] = _relative_error(self._tensors[tensor], data)

    def again(self, tensor: int) -> memoryview:
        """Return a part that was taken before."""
        stored = self._again.get(tensor)
        return self._tensors[tensor].original.read() if stored is None else memoryview(stored.read())


def _relative_error(tensor: Tensor, decoded: memoryview | bytes) -> float:
    """Return ||decoded - original|| / ||original||; 0 where they are the same bytes."""
    data = tensor.original.read()
    if data == decoded or not tensor.has_values:
        return 0.0
    original, other = (tensor.changed(memoryview(own)).values() for own in (data, decoded))
    largest = float(np.abs(original).max())
    if not 0 < largest < np.inf:
        return 0.0
    # Scaled first: squares of float64 weights could overflow.
    original /= largest
    other /= largest
    other -= original
    return float(np.linalg.norm(other) / np.linalg.norm(original))

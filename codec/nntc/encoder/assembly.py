"""Sections made of planned records, and a file made of these.

Implements SPEC.md 6.1, 6.4 and 16 (R-901).
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter

from nntc.encoder.container import CodedFile, NewFile, NewSection, NewSplice, graph_section
from nntc.encoder.decoded import DecodedRecords
from nntc.encoder.device import Device
from nntc.encoder.index import index_size
from nntc.encoder.methods import Plan
from nntc.encoder.model import Model
from nntc.encoder.notes import notes_section
from nntc.encoder.options import Options
from nntc.encoder.report import COPIED, EncodeReport, Stage, TensorReport
from nntc.encoder.splices import SpliceWriter
from nntc.encoder.split import SplitSource
from nntc.encoder.split.content import digest as digest_of
from nntc.encoder.stages import report_stages
from nntc.encoder.store import Store
from nntc.encoder.tensors import Tensor
from nntc.errors import NntcError
from nntc.format.registry import SectionType
from nntc.format.tables import TABLE_COUNT, write_tables
from nntc.onnx.roles import UNKNOWN
from nntc.reader.changes import Change

_REST = 108
"""Bytes of header, NOTES without errors, and what else there is once."""
_SEPARATOR = 2
_PART = 4
"""Bytes of a splice and of its error in NOTES."""


class FileOverhead:
    """What a file of a model costs beyond its TENSOR sections, for methods that aim at a size."""

    def __init__(self, model: Model, options: Options) -> None:
        self._model = model
        self._has_index = options.index
        self.original_size = model.original_size

    @cached_property
    def size(self) -> int:
        """Bytes of all but TENSOR sections and their entries, to a few."""
        split, base = self._model.files, self._model.base
        splices = SpliceWriter(split.files, base)
        count = 0
        for piece in split.pieces():
            if isinstance(piece, memoryview):
                splices.graph(piece)
            else:
                splices.part(count, count, piece.length)
                count += 1
        files = [
            NewFile(file.size, hashlib.sha256(b"%d" % i).digest(), None) for i, file in enumerate(split.files)
        ]
        bases = () if base is None else base.files
        graph = graph_section(files, splices.finish(), bytes(splices.skeleton), bases=bases)
        index = index_size(split.tensors, count) if self._has_index else 0
        made = 0 if self._model.made is None else len(self._model.made.text) + _SEPARATOR
        return len(graph.data) + made + _REST + _PART * (count - len(self._model.repeats)) + index


class Assembly:
    """A model's graph and its planned records, ready to become a file.

    Parameters
    ----------
    model
        The model.
    plan
        Records for all its tensors.
    options
        What was asked for.
    store
        Where decoded tensors that the model has several times wait for their next place.
    """

    def __init__(self, model: Model, plan: Plan, options: Options, store: Store) -> None:
        self._model, self._plan, self._options = model, plan, options
        self._device = Device(options.device_memory)
        self._split, self._tensors, self._repeats = model.files, model.tensors, model.repeats
        self._copies = Counter(model.repeats.values())
        self._base = model.base
        self._decoded = DecodedRecords(plan, model.tensors, self._copies, store, self._device, self._base)

    def finish(self) -> tuple[CodedFile, EncodeReport]:
        """Return the file and its report.

        Raises
        ------
        ModelError
            E_GOAL: the device that it is for has not the memory.
        NntcError
            E_INTERNAL: the records of a lossless file do not give the model back.
        """
        files, splices, skeleton = self._splice()
        if self._options.is_lossless:
            originals = [digest_of(file.data) for file in self._split.files]
            if [file.sha256 for file in files] != originals:
                raise NntcError(
                    "E_INTERNAL", "lossless coding did not give the model back; please report this"
                )
        bases = () if self._base is None else self._base.files
        graph = graph_section(files, splices, skeleton, window=self._device.window, bases=bases)
        head = [graph]
        if self._plan.tables:
            body = TABLE_COUNT.put(len(self._plan.tables)) + write_tables(self._plan.tables)
            head.append(NewSection(SectionType.TABLES, body, 0))
        coded = self._decoded.coded
        sections = [NewSection(SectionType.TENSOR, c.body, c.record.output) for c in coded]
        reports = self._reports()
        notes = self._notes(reports)
        file = CodedFile(self._decoded.profile, self._decoded.memory, [*head, *sections, *notes])
        original = self._model.original_size
        stages: tuple[Stage, ...] = ()
        if self._plan.sizes:
            stages = report_stages(self._plan.sizes, self._tensors, self._repeats, original, file.size)
        remarks = self._plan.remarks
        return file, EncodeReport(
            original,
            file.size,
            len(graph.data),
            self._model.float_elements,
            (*reports, *self._copied()),
            remarks,
            stages=stages,
            integers=self._model.made,
            unknown_use=0 if self._options.is_lossless else _unknown_use(self._tensors),
        )

    def _notes(self, reports: Sequence[TensorReport]) -> list[NewSection]:
        made = self._model.made
        if made is not None:
            return [notes_section(reports, made=made.text)]
        return [notes_section(reports)] if reports and not self._options.is_lossless else []

    def _splice(self) -> tuple[list[NewFile], list[NewSplice], bytes]:
        """Return files with the hashes of what decoding gives, splices, and the skeleton."""
        records, parts = (array("q", bytes(8 * len(self._tensors))) for _ in range(2))  # by tensor
        for number, c in enumerate(self._decoded.coded):
            for part, tensor in enumerate(c.tensors):
                records[tensor], parts[tensor] = number, part
        splices = SpliceWriter(self._split.files, self._base)
        files = _FileHashes(self._split)
        around = self._around()
        count = 0  # of payloads so far
        for piece in self._split.pieces():
            if isinstance(piece, memoryview):
                splices.graph(piece, around[count][0], around[count][1])
                files.add(piece)
                continue
            original = self._repeats.get(count, count)
            for tensor in self._tensors_of(original):
                if self._base is not None and tensor in self._plan.copied:
                    start = self._plan.copied[tensor]
                    length = self._tensors[tensor].nbytes
                    splices.copy(start, length)
                    for chunk in self._base.chunks(start, length):
                        files.add(chunk)
                    if original == count:
                        self._decoded.copied(tensor, b"".join(self._base.chunks(start, length)))
                elif original != count:
                    data = self._decoded.again(tensor)
                    splices.repeat(tensor, data.nbytes)
                    files.add(data)
                else:
                    data = self._decoded.take(records[tensor], parts[tensor])
                    splices.part(tensor, records[tensor], data.nbytes)
                    files.add(data)
            count += 1
        done = splices.finish()
        return files.finish(splices.place), done, bytes(splices.skeleton)

    def _around(self) -> list[tuple[int | None, int | None]]:
        """Return for the graph bytes before each payload where in the base their neighbours end and begin."""
        count = len(self._split.payloads)
        found: list[tuple[int | None, int | None]] = [(None, None)] * (count + 1)
        if self._base is None:
            return found
        begins: list[int | None] = [None] * (count + 1)
        ends: list[int | None] = [0, *[None] * count]
        for number, elements in self._base.elements.items():
            payload = self._tensors[number].payload
            if begins[payload] is None:
                begins[payload] = elements.start
            ends[payload + 1] = elements.start + elements.data.nbytes
        return list(zip(ends, begins, strict=True))

    def _tensors_of(self, payload: int) -> range:
        """Return the numbers of the tensors that a payload is coded as; they stand together."""
        first = bisect_left(self._tensors, payload, key=attrgetter("payload"))
        return range(first, bisect_right(self._tensors, payload, first, key=attrgetter("payload")))

    def _reports(self) -> list[TensorReport]:
        reports = []
        for number, c in enumerate(self._decoded.coded):
            tool, output = c.record.tool.name.lower(), c.record.output
            for index in c.tensors:
                tensor = self._tensors[index]
                reports.append(
                    TensorReport(
                        tensor.name,
                        str(tensor.role),
                        tensor.element.name.lower(),
                        tensor.size,
                        tool,
                        c.size * tensor.nbytes / output,
                        self._decoded.errors[index],
                        c.record.note,
                        self._decoded.details[number],
                        1 + self._copies[tensor.payload],
                        "" if self._base is None else self._decoded.changes[number],
                    )
                )
        return reports

    def _copied(self) -> list[TensorReport]:
        """Return reports of the tensors that are ranges of the base."""
        return [
            TensorReport(
                tensor.name,
                str(tensor.role),
                tensor.element.name.lower(),
                tensor.size,
                COPIED,
                0.0,
                self._decoded.errors[index],
                "",
                "as it is in the base",
                1 + self._copies[tensor.payload],
                Change.SAME,
            )
            for index, tensor in ((i, self._tensors[i]) for i in sorted(self._plan.copied))
        ]


def _unknown_use(tensors: Sequence[Tensor]) -> int:
    """Return the bytes of floating-point tensors whose use is not known."""
    return sum(t.nbytes for t in tensors if t.element.is_float and t.reason in UNKNOWN)


class _FileHashes:
    """Cuts the output into files and hashes them."""

    def __init__(self, split: SplitSource) -> None:
        self._split = split
        self._hashes = [hashlib.sha256() for _ in split.files]
        self._file = 0
        self._left = split.files[0].size

    def add(self, data: memoryview) -> None:
        while not self._left:
            self._file += 1
            self._left = self._split.files[self._file].size
        self._hashes[self._file].update(data)
        self._left -= data.nbytes

    def finish(self, place: Callable[[int], int]) -> list[NewFile]:
        """Return the files; `place` tells where in the skeleton a byte of the model file is."""
        files = []
        for file, digest in zip(self._split.files, self._hashes, strict=True):
            name_at = None
            if file.name is not None:
                name_at = (place(file.location_offset), file.location_length)
            files.append(NewFile(file.size, digest.digest(), name_at))
        return files

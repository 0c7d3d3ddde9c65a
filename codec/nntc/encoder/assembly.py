"""Sections made of planned records, and a file made of these.

Implements SPEC.md 6.1, 6.4 and 16 (R-901).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import Payload, TensorRecord, decode_records, read_tensor
from nntc.encoder.container import NewFile, NewSection, graph_section, write_container
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.methods import Plan, PlannedRecord
from nntc.encoder.model import Model
from nntc.encoder.notes import notes_section
from nntc.encoder.options import Options
from nntc.encoder.report import EncodeReport, Stage, TensorReport
from nntc.encoder.split import SplitSource
from nntc.encoder.split.content import digest as digest_of
from nntc.encoder.stages import report_stages
from nntc.encoder.tensor.detail import tool_detail
from nntc.encoder.tensors import Tensor, as_float64
from nntc.errors import NntcError
from nntc.format.registry import Profile, SectionType
from nntc.format.tables import TABLE_COUNT, write_tables
from nntc.onnx.roles import UNKNOWN

_REST = 48
"""Bytes of header, NOTES without errors, and what else there is once."""
_ENTRY = 12
"""Bytes of a section's entry in the directory, its splice and its error."""


class FileOverhead:
    """What a file of a model costs beyond its TENSOR sections, for methods that aim at a size."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.original_size = model.size

    @cached_property
    def size(self) -> int:
        """Bytes of all but TENSOR sections, to a few."""
        split = self._model.files
        skeleton = b"".join(bytes(piece) for piece in split.pieces() if isinstance(piece, memoryview))
        files = [
            NewFile(file.size, hashlib.sha256(b"%d" % i).digest(), None) for i, file in enumerate(split.files)
        ]
        count = len(split.payloads)
        graph = graph_section(files, [(100, 0)] * count, skeleton)
        return len(graph.data) + _REST + _ENTRY * (count - len(self._model.repeats))


class Assembly:
    """A model's graph and its planned records, ready to become a file.

    Parameters
    ----------
    model
        The model.
    plan
        Records for all its tensors.
    """

    def __init__(self, model: Model, plan: Plan) -> None:
        self._model, self._plan = model, plan
        self._split, self._tensors, self._repeats = model.files, model.tensors, model.repeats

    def finish(self, options: Options) -> tuple[bytes, EncodeReport]:
        """Return the file and its report.

        Raises
        ------
        NntcError
            E_INTERNAL: the records of a lossless file do not give the model back.
        """
        coded = self._in_order()
        bodies = assemble([c.record.fragments for c in coded])
        records = self._parse(coded, bodies)
        decoded = _decode(records)
        sections = [
            NewSection(SectionType.TENSOR, b, c.record.output) for b, c in zip(bodies, coded, strict=True)
        ]
        parts = _part_bytes(coded, decoded)
        files, splices, skeleton = self._splice(coded, parts)
        if options.is_lossless:
            originals = [digest_of(file.data) for file in self._split.files]
            if [file.sha256 for file in files] != originals:
                raise NntcError(
                    "E_INTERNAL", "lossless coding did not give the model back; please report this"
                )
        graph = graph_section(files, splices, skeleton)
        head = [graph]
        if self._plan.tables:
            body = TABLE_COUNT.put(len(self._plan.tables)) + write_tables(self._plan.tables)
            head.append(NewSection(SectionType.TABLES, body, 0))
        profile = max((c.record.profile for c in coded), default=Profile.BASELINE)
        reports = self._reports(coded, bodies, parts, [tool_detail(record) for record in records])
        notes = [notes_section(reports)] if coded and not options.is_lossless else []
        data = write_container(profile, [*head, *sections, *notes])
        original = self._model.size
        stages: tuple[Stage, ...] = ()
        if self._plan.sizes:
            stages = report_stages(self._plan.sizes, self._tensors, self._repeats, original, len(data))
        remarks = self._plan.remarks
        return data, EncodeReport(
            original,
            len(data),
            len(graph.data),
            self._model.float_elements,
            tuple(reports),
            remarks,
            stages=stages,
            unknown_use=0 if options.is_lossless else _unknown_use(self._tensors),
        )

    def _in_order(self) -> list[PlannedRecord]:
        """Order records by the first payload they hold, as the output needs them."""
        return sorted(self._plan.coded, key=lambda c: min(c.tensors))

    def _parse(self, coded: Sequence[PlannedRecord], bodies: Sequence[bytes]) -> list[TensorRecord]:
        """Parse every record as a decoder will."""
        context = ParseContext(Profile.MAIN, [table for table, _ in self._plan.tables])
        return [read_tensor(b, 0, c.record.output, context) for b, c in zip(bodies, coded, strict=True)]

    def _splice(
        self, coded: Sequence[PlannedRecord], parts: list[list[memoryview]]
    ) -> tuple[list[NewFile], list[tuple[int, int]], bytes]:
        """Return files with the hashes of what decoding gives, splices, and the skeleton."""
        place: dict[int, tuple[int, int]] = {}  # tensor -> record, part
        for number, c in enumerate(coded):
            place.update({tensor: (number, part) for part, tensor in enumerate(c.tensors)})
        by_payload: dict[int, list[int]] = {}
        for index, whole in enumerate(self._tensors):
            by_payload.setdefault(whole.payload, []).append(index)
        splices: list[tuple[int, int]] = []
        skeleton: list[memoryview] = []
        run = 0
        opened = 0
        at_splice: dict[int, list[int]] = {}  # payload -> its splices
        files = _FileHashes(self._split)
        numbers = iter(range(len(self._split.payloads)))
        for piece in self._split.pieces():
            if isinstance(piece, memoryview):
                skeleton.append(piece)
                run += len(piece)
                files.add(piece)
                continue
            payload = next(numbers)
            original = self._repeats.get(payload, payload)
            at_splice[payload] = []
            for i, tensor in enumerate(by_payload[original]):
                record, part = place[tensor]
                if payload in self._repeats:
                    code = 2 * (len(splices) - at_splice[original][i])
                elif record == opened:
                    code = 0
                    opened += 1
                else:
                    code = 2 * (opened - 1 - record) + 1
                at_splice[payload].append(len(splices))
                splices.append((run, code))
                run = 0
                files.add(parts[record][part])
        return files.finish(), splices, b"".join(skeleton)

    def _reports(
        self,
        coded: Sequence[PlannedRecord],
        bodies: Sequence[bytes],
        parts: list[list[memoryview]],
        details: list[str],
    ) -> list[TensorReport]:
        reports = []
        copies = Counter(self._repeats.values())
        for number, (c, body) in enumerate(zip(coded, bodies, strict=True)):
            for part, index in enumerate(c.tensors):
                tensor = self._tensors[index]
                share = len(body) * tensor.data.nbytes / c.record.output
                error = _relative_error(tensor, parts[number][part])
                reports.append(
                    TensorReport(
                        tensor.name,
                        str(tensor.role),
                        tensor.element.name.lower(),
                        tensor.size,
                        c.record.tool.name.lower(),
                        share,
                        error,
                        c.record.note,
                        details[number],
                        1 + copies[tensor.payload],
                    )
                )
        return reports


def _unknown_use(tensors: Sequence[Tensor]) -> int:
    """Return the bytes of floating-point tensors whose use is not known."""
    return sum(t.data.nbytes for t in tensors if t.element.is_float and t.reason in UNKNOWN)


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

    def finish(self) -> list[NewFile]:
        # Locations stand in the model file's graph bytes; payloads before them are not in the skeleton.
        files = []
        for file, digest in zip(self._split.files, self._hashes, strict=True):
            name_at = None
            if file.name is not None:
                before = sum(
                    p.length for p in self._split.payloads if p.file == 0 and p.offset < file.location_offset
                )
                name_at = (file.location_offset - before, file.location_length)
            files.append(NewFile(file.size, digest.digest(), name_at))
        return files


def _decode(records: Sequence[TensorRecord]) -> list[Payload]:
    """Decode parsed records, some at a time."""
    decoded = []
    for start in range(0, len(records), 64):
        batch = records[start : start + 64]
        tokens = decode_records(batch)
        decoded += [record.payload(t) for record, t in zip(batch, tokens, strict=True)]
    return decoded


def _part_bytes(coded: Sequence[PlannedRecord], decoded: Sequence[Payload]) -> list[list[memoryview]]:
    """Return each record's parts."""
    result = []
    for c, payload in zip(coded, decoded, strict=True):
        lengths = c.record.view.lengths or (c.record.view.size,)
        ends = np.cumsum(lengths) * c.record.element.width
        data = payload.data
        result.append(
            [data[end - n * c.record.element.width : end] for n, end in zip(lengths, ends, strict=True)]
        )
    return result


def _relative_error(tensor: Tensor, decoded: memoryview) -> float:
    """Return ||decoded - original|| / ||original||; 0 where they are the same bytes."""
    if tensor.original == decoded or not tensor.element.is_float:
        return 0.0
    kind = f"<u{tensor.element.width}"
    original, other = (
        as_float64(np.frombuffer(data, kind), tensor.element) for data in (tensor.original, decoded)
    )
    largest = float(np.abs(original).max())
    if not 0 < largest < np.inf:
        return 0.0
    # Scaled first: squares of float64 weights could overflow.
    return float(np.linalg.norm(other / largest - original / largest) / np.linalg.norm(original / largest))

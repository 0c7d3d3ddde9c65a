"""Encode a model: split, plan each tensor, code, splice, and check the result by decoding it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from codec.decoder.assembly import Progress
from codec.decoder.entropy.symbols import Surroundings
from codec.decoder.model import verify
from codec.decoder.sink import write_files
from codec.decoder.tensor.record import Payload, TensorRecord, decode_records, read_tensor
from codec.encoder.container import NewFile, NewSection, graph_section, write_container
from codec.encoder.entropy.symbols import assemble
from codec.encoder.entropy.tables import write_tables
from codec.encoder.goals.fidelity import Metric
from codec.encoder.methods import Coded, Known, Plan, known_of, plan_tensors
from codec.encoder.notes import notes_section
from codec.encoder.options import Centroids, Method, Objective, Options, PruneScope, check_options
from codec.encoder.page import check_page, make_page
from codec.encoder.report import EncodeReport, Stage, TensorReport
from codec.encoder.split import SplitSource, open_model
from codec.encoder.stages import report_stages
from codec.encoder.tensor.detail import tool_detail
from codec.encoder.tensors import Tensor, as_float64, load_tensors
from codec.encoder.workers import Workers
from codec.errors import FormatError, NntcError, OutputError
from codec.format import layout as f
from codec.format.layout import build
from codec.format.registry import Profile, SectionType

if TYPE_CHECKING:
    from codec.encoder.calibration.samples import SampleSource
    from codec.encoder.goals.reach import Tried


def encode(
    source: str | os.PathLike[str] | bytes,
    target: str | os.PathLike[str],
    *,
    method: Method | str = Method.AUTO,
    quality: float | None = None,
    bits: float | None = None,
    target_size: int | None = None,
    ratio: float | None = None,
    objective: Objective | str | None = None,
    max_divergence: float | None = None,
    min_agreement: float | None = None,
    max_drop: float | None = None,
    metric: Metric | str | None = None,
    evaluation: SampleSource | None = None,
    calibration: SampleSource | None = None,
    entropy: str | None = None,
    prune: float | None = None,
    prune_scope: PruneScope | str | None = None,
    centroids: Centroids | str | None = None,
    sparse: bool | None = None,
    biases: bool = False,
    jobs: int | Executor = 1,
    report: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    tried: Tried | None = None,
) -> EncodeReport:
    """Encode an ONNX model as a `.nntc` file.

    Parameters
    ----------
    source
        Path of the model, its external data beside it, or the bytes of a model without any.
    target
        Path of the `.nntc` file; replaced only by a complete one.
    method, quality, bits, target_size, ratio, objective, calibration, entropy, jobs
        See `codec.Options`. `auto` with none of the goals uses the default quality.
    max_divergence, min_agreement, max_drop, metric, evaluation
        See `codec.Options`. One of the first three is a goal for the decoded network's answers, which takes
        several encodings to reach. Without a goal, the file is measured on the evaluation samples.
    prune, prune_scope, centroids, sparse, biases
        Method `deep`, see `codec.Options`.
    report
        Path of an HTML page about the encoding, to be written together with the target.
    progress
        Called with steps done and steps in all.
    tried
        Called with each encoding that the search for a goal makes.

    Returns
    -------
    What was coded how, and how large and how far from the original it is.

    Raises
    ------
    ModelError
        The model is at fault; E_GOAL: the goal cannot be reached; E_RUN: onnxruntime cannot run the model.
    SamplesError
        E_SAMPLES: samples cannot be read, or do not fit the model.
    ImportError
        The model is to be run and there is no onnxruntime, or a page is asked for and there is no jinja2.
    OutputError
        E_OUTPUT: the target cannot be written; E_OUTPUT_EXISTS: it is a file of the model.
    ValueError
        Options that do not go together.
    """
    options = check_options(
        method=method,
        quality=quality,
        bits=bits,
        target_size=target_size,
        ratio=ratio,
        objective=objective,
        max_divergence=max_divergence,
        min_agreement=min_agreement,
        max_drop=max_drop,
        metric=metric,
        evaluation=evaluation,
        calibration=calibration,
        entropy=entropy,
        prune=prune,
        prune_scope=prune_scope,
        centroids=centroids,
        sparse=sparse,
        biases=biases,
        jobs=jobs,
    )
    if report is not None:
        check_page()
    with open_model(source) as split, Workers(options.jobs, progress) as workers:
        for path in (target, report):
            if path is not None and not isinstance(source, bytes):
                _check_target(split, Path(source), Path(path))
        data, told = Encoder(source, split, workers).encode(options, tried)
    contents = {Path(target): data}
    if report is not None:
        name = "model" if isinstance(source, bytes) else Path(source).name
        contents[Path(report)] = make_page(name, data, told, options).encode()
    write_files(contents)
    return told


def _check_target(split: SplitSource, source: Path, target: Path) -> None:
    """Raise E_OUTPUT_EXISTS if writing `target` would replace a file of the model."""
    own = [source, *(source.parent / file.name for file in split.files if file.name)]
    for path in own:
        if target.exists() and path.exists() and target.samefile(path):
            raise OutputError("E_OUTPUT_EXISTS", f"{target} is part of the model")


def encode_bytes(
    source: str | os.PathLike[str] | bytes, *, progress: Progress | None = None, **chosen: Any
) -> tuple[bytes, EncodeReport]:
    """Encode in memory; as `encode`, but return the file's bytes and the report."""
    options = check_options(**chosen)
    with open_model(source) as split, Workers(options.jobs, progress) as workers:
        return Encoder(source, split, workers).encode(options)


class Encoder:
    """A model opened to be encoded, several times perhaps.

    Parameters
    ----------
    source, split
        What the model was opened from, and the open model.
    workers
        What runs the work.
    """

    def __init__(
        self, source: str | os.PathLike[str] | bytes, split: SplitSource, workers: Workers
    ) -> None:
        self._source, self._split, self._workers = source, split, workers
        self._tensors, self._repeats = load_tensors(split)
        self._overhead = _Overhead(split, self._repeats)
        self._calibrated: tuple[SampleSource, Known] | None = None

    def encode(self, options: Options, tried: Tried | None = None) -> tuple[bytes, EncodeReport]:
        """Return a file and its report; the file has been checked by decoding it."""
        goal = options.goal
        if goal is None and options.evaluation is None:
            data, report = self.build(options)
            _check(data)
            return data, report
        from codec.encoder.goals.evaluation import open_decoded, prepare
        from codec.encoder.goals.reach import reach

        measuring = prepare(self._source, options)
        options = replace(options, calibration=measuring.calibration)
        evaluator = measuring.evaluator
        if goal is not None:
            data, report = reach(goal, evaluator, lambda quality: self.build(options.at(quality)), tried)
        else:
            data, report = self.build(options)
            report = replace(report, fidelity=evaluator.measure(open_decoded(data)))
        return data, replace(report, remarks=(*report.remarks, *measuring.remarks))

    def build(self, options: Options) -> tuple[bytes, EncodeReport]:
        """Return a file that nobody has decoded yet, and its report."""
        known = self._known(options)
        plan = plan_tensors(self._tensors, options, self._workers, self._overhead, known)
        return _Assembly(self._split, self._tensors, self._repeats, plan).finish(options)

    def _known(self, options: Options) -> Known | None:
        """Return what calibration samples tell, found out once."""
        if options.calibration is None:
            return None
        if self._calibrated is None or self._calibrated[0] is not options.calibration:
            from codec.encoder.calibration.calibration import calibrate

            jobs = options.jobs if isinstance(options.jobs, int) else 1
            calibration = calibrate(
                self._source, options.calibration, jobs=jobs, progress=self._workers.report
            )
            paths = [self._split.payloads[tensor.payload].path for tensor in self._tensors]
            self._calibrated = options.calibration, known_of(calibration, paths)
        return self._calibrated[1]


def _check(data: bytes) -> None:
    """Raise E_INTERNAL if a file does not decode."""
    try:
        verify(data)
    except FormatError as e:
        raise NntcError("E_INTERNAL", f"the file would not decode ({e}); please report this") from e


class _Overhead:
    """What a file costs beyond its TENSOR sections, for methods that aim at a size."""

    def __init__(self, split: SplitSource, repeats: dict[int, int]) -> None:
        self.original_size = sum(file.size for file in split.files)
        skeleton = b"".join(bytes(p) for p in split.pieces() if isinstance(p, memoryview))
        files = [
            NewFile(file.size, hashlib.sha256(b"%d" % i).digest(), None) for i, file in enumerate(split.files)
        ]
        splices = [(100, 0)] * len(split.payloads)
        self.size = (
            len(graph_section(files, splices, skeleton).data) + 32 + 10 * (len(split.payloads) - len(repeats))
        )


class _Assembly:
    """Turns planned records into sections, and these into a file."""

    def __init__(
        self, split: SplitSource, tensors: list[Tensor], repeats: dict[int, int], plan: Plan
    ) -> None:
        self._split, self._tensors, self._repeats, self._plan = split, tensors, repeats, plan

    def finish(self, options: Options) -> tuple[bytes, EncodeReport]:
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
            originals = [hashlib.sha256(file.data).digest() for file in self._split.files]
            if [file.sha256 for file in files] != originals:
                raise NntcError(
                    "E_INTERNAL", "lossless coding did not give the model back; please report this"
                )
        graph = graph_section(files, splices, skeleton)
        head = [graph]
        if self._plan.tables:
            body = build(f.TABLE_COUNT, len(self._plan.tables)) + write_tables(self._plan.tables)
            head.append(NewSection(SectionType.TABLES, body, 0))
        profile = max((c.record.profile for c in coded), default=Profile.BASELINE)
        reports = self._reports(coded, bodies, parts, [tool_detail(record) for record in records])
        notes = [notes_section(reports)] if coded and not options.is_lossless else []
        data = write_container(profile, [*head, *sections, *notes])
        original = sum(file.size for file in self._split.files)
        stages: tuple[Stage, ...] = ()
        if options.method is Method.DEEP:
            stages = report_stages(self._plan.sizes, self._tensors, self._repeats, original, len(data))
        remarks = self._plan.remarks
        return data, EncodeReport(
            original, len(data), len(graph.data), tuple(reports), remarks, stages=stages
        )

    def _in_order(self) -> list[Coded]:
        """Order records by the first payload they hold, as the output needs them."""
        return sorted(self._plan.coded, key=lambda c: min(c.tensors))

    def _parse(self, coded: Sequence[Coded], bodies: Sequence[bytes]) -> list[TensorRecord]:
        """Parse every record as a decoder will."""
        around = Surroundings(Profile.MAIN, [table for table, _ in self._plan.tables])
        return [read_tensor(b, 0, c.record.output, around) for b, c in zip(bodies, coded, strict=True)]

    def _splice(
        self, coded: Sequence[Coded], parts: list[list[memoryview]]
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
        coded: Sequence[Coded],
        bodies: Sequence[bytes],
        parts: list[list[memoryview]],
        details: list[str],
    ) -> list[TensorReport]:
        reports = []
        for number, (c, body) in enumerate(zip(coded, bodies, strict=True)):
            for part, index in enumerate(c.tensors):
                tensor = self._tensors[index]
                share = len(body) * tensor.size / c.record.view.size
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
                    )
                )
        return reports


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


def _part_bytes(coded: Sequence[Coded], decoded: Sequence[Payload]) -> list[list[memoryview]]:
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
    if tensor.data == decoded or not tensor.element.is_float:
        return 0.0
    original = tensor.values()
    width = tensor.element.width
    other = as_float64(tensor.view.to_coded(np.frombuffer(decoded, f"<u{width}")), tensor.element)
    largest = float(np.abs(original).max())
    if not 0 < largest < np.inf:
        return 0.0
    # Scaled first: squares of float64 weights could overflow.
    return float(np.linalg.norm(other / largest - original / largest) / np.linalg.norm(original / largest))

"""Encode a model: split, plan each tensor, code, splice, and check the result by decoding it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.decoder.folder import write_files
from nntc.decoder.model import verify
from nntc.encoder.assembly import Assembly, Overhead
from nntc.encoder.goals.fidelity import Metric
from nntc.encoder.methods import CalibrationData, calibration_data_of, plan_tensors
from nntc.encoder.methods.partition import check_exact, why_exact
from nntc.encoder.options import Centroids, Method, Objective, Options, PruneScope, check_options
from nntc.encoder.page import check_page, make_page
from nntc.encoder.report import EncodeReport
from nntc.encoder.split import SplitSource, open_model
from nntc.encoder.tensors import load_tensors
from nntc.encoder.unsplit import without_sections
from nntc.encoder.workers import Workers
from nntc.errors import FormatError, NntcError, OutputError
from nntc.onnx.serialized import path_or_bytes
from nntc.onnx.tensor import Path as TensorPath
from nntc.progress import Phase, Progress, Steps, as_phase

if TYPE_CHECKING:
    from nntc.encoder.goals.reach import Tried
    from nntc.encoder.network.session import Network
    from nntc.encoder.samples import SampleSource
    from nntc.encoder.samples.summary import InputSummary
    from nntc.onnx.serialized import ModelSource


def encode(
    source: ModelSource,
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
    exact: str | Sequence[str] = (),
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
        Path of the model, its external data beside it; or a model without any, as bytes or `onnx.ModelProto`.
    target
        Path of the `.nntc` file; replaced only by a complete one.
    method, quality, bits, target_size, ratio, objective, calibration, entropy, jobs
        See `nntc.Options`. `auto` with none of the goals uses the default quality.
    exact
        Patterns of names of tensors, such as `"head.*"`, one or several: coded exactly.
    max_divergence, min_agreement, max_drop, metric, evaluation
        See `nntc.Options`. One of the first three is a goal for the decoded network's answers, which takes
        several encodings to reach. Without a goal, the file is measured on the evaluation samples.
    prune, prune_scope, centroids, sparse, biases
        Method `deep`, see `nntc.Options`.
    report
        Path of an HTML page about the encoding, to be written together with the target.
    progress
        Called with a `ProgressEvent` when a phase of the work begins and after each of its steps.
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
        Options that do not go together; `exact` names no tensor.
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
        exact=exact,
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
    source = path_or_bytes(source)
    with open_model(source) as split, Workers(options.jobs, progress) as workers:
        for path in (target, report):
            if path is not None and not isinstance(source, bytes):
                _check_target(split, Path(source), Path(path))
        data, outcome = Encoder(source, split, workers).encode(options, tried)
    contents = {Path(target): data}
    if report is not None:
        name = "model" if isinstance(source, bytes) else Path(source).name
        contents[Path(report)] = make_page(name, data, outcome, options).encode()
    write_files(contents)
    return outcome


def _check_target(split: SplitSource, source: Path, target: Path) -> None:
    """Raise E_OUTPUT_EXISTS if writing `target` would replace a file of the model."""
    own = [source, *(source.parent / file.name for file in split.files if file.name)]
    for path in own:
        if target.exists() and path.exists() and target.samefile(path):
            raise OutputError("E_OUTPUT_EXISTS", f"{target} is part of the model")


def encode_bytes(
    source: ModelSource, *, progress: Progress | None = None, **chosen: Any
) -> tuple[bytes, EncodeReport]:
    """Encode in memory.

    Parameters
    ----------
    source, progress, chosen
        As for `encode`: options but `report` and `tried`.

    Returns
    -------
    The bytes of the `.nntc` file, and what was coded how.

    Raises
    ------
    ModelError
        And others, as `encode`.
    """
    options = check_options(**chosen)
    source = path_or_bytes(source)
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

    def __init__(self, source: str | os.PathLike[str] | bytes, split: SplitSource, workers: Workers) -> None:
        self._source, self._split, self._workers = source, split, workers
        self._tensors, self._repeats = load_tensors(split)
        self._overhead = Overhead(split, self._repeats)
        self._calibrated: tuple[SampleSource, CalibrationData | None] | None = None
        self._remarks: tuple[str, ...] = ()
        self._inputs: tuple[InputSummary, ...] = ()

    def encode(self, options: Options, tried: Tried | None = None) -> tuple[bytes, EncodeReport]:
        """Return a file and its report; the file has been checked by decoding it."""
        goal = options.goal
        if goal is None and options.evaluation is None:
            data, report = self.build(options)
            _check(data, self._workers.progress)
            return data, report
        from nntc.encoder.goals.evaluation import open_decoded, prepare
        from nntc.encoder.goals.reach import reach

        workers = self._workers
        measuring = prepare(self._source, options, workers.progress)
        options = replace(options, calibration=measuring.calibration)
        evaluator = measuring.evaluator
        if goal is not None:
            data, report = reach(goal, evaluator, lambda q: self.build(options.at(q)), workers, tried)
        else:
            data, report = self.build(options)
            report = replace(report, fidelity=evaluator.measure(open_decoded(data), workers.progress))
        remarks = tuple(dict.fromkeys((*report.remarks, *measuring.remarks)))
        return data, replace(report, remarks=remarks, inputs=report.inputs or measuring.inputs)

    def build(self, options: Options) -> tuple[bytes, EncodeReport]:
        """Return a file that nobody has decoded yet, and its report."""
        check_exact(options.exact, self._split.names)
        known = self._known(options)
        plan = plan_tensors(self._tensors, options, self._workers, self._overhead, known)
        plan = replace(plan, remarks=(*plan.remarks, *self._remarks))
        Steps(self._workers.progress, Phase.ASSEMBLING)
        data, report = Assembly(self._split, self._tensors, self._repeats, plan).finish(options)
        report = replace(report, inputs=() if options.calibration is None else self._inputs)
        if options.method is Method.LOSSLESS:
            return without_sections(self._split, data, report)
        return data, report

    def _known(self, options: Options) -> CalibrationData | None:
        """Return what calibration samples tell, found out once; None if they tell nothing."""
        if options.calibration is None:
            return None
        if self._calibrated is None or self._calibrated[0] is not options.calibration:
            self._calibrated = options.calibration, self._calibrate(options.calibration, options)
        return self._calibrated[1]

    def _calibrate(self, samples: SampleSource, options: Options) -> CalibrationData | None:
        """Run samples through the model; return what they tell, if it can be trusted."""
        from nntc.encoder.calibration.calibration import calibrate
        from nntc.encoder.network.input_check import remarks_on
        from nntc.encoder.network.output_variation import lack_of_variation
        from nntc.encoder.samples.summary import summarize

        threads = options.jobs if isinstance(options.jobs, int) else 1
        calibration = calibrate(self._source, samples, jobs=threads, progress=self._workers.progress)
        self._inputs = summarize(calibration.samples)
        self._remarks = remarks_on(calibration.network, calibration.samples, "calibration", jobs=threads)
        doubt = lack_of_variation(calibration.reference)
        if doubt:
            self._remarks += (f"encoded without the calibration samples: {doubt}",)
            return None
        paths = [self._split.payloads[tensor.payload].path for tensor in self._tensors]
        repeated = set(self._repeats.values())
        whole = {
            number
            for number, tensor in enumerate(self._tensors)
            if tensor.payload not in repeated
            and tensor.view.size == prod(tensor.dims)
            and why_exact(tensor, options.exact) is None
        }
        biases = self._fold(calibration.network, {paths[number]: number for number in whole})
        if biases:
            self._remarks += (f"{len(biases)} batch normalizations are now part of the weights before them",)
        return calibration_data_of(calibration, paths, biases, whole)

    def _fold(self, network: Network, own: dict[TensorPath, int]) -> dict[TensorPath, TensorPath]:
        """Fold normalizations, in the network and in the tensors to code; return biases by weights."""
        from nntc.encoder.calibration.folding import fold_normalizations

        values, biases = fold_normalizations(network, own)
        network.change(values)
        for path, value in values.items():
            tensor = self._tensors[own[path]]
            self._tensors[own[path]] = replace(tensor, data=memoryview(value.tobytes()), scale=None)
        return biases


def _check(data: bytes, progress: Progress | None) -> None:
    """Raise E_INTERNAL if a file does not decode."""
    try:
        verify(data, progress=as_phase(progress, Phase.CHECKING))
    except FormatError as e:
        raise NntcError("E_INTERNAL", f"the file would not decode ({e}); please report this") from e

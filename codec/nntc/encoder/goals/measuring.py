"""Measuring of encodings: which samples calibrate, which measure, and what runs a decoded model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntc.decoder.model import decode_bytes
from nntc.encoder.container import CodedFile
from nntc.encoder.goals.evaluation import Evaluator
from nntc.encoder.goals.fidelity import Fidelity, MeasuredOn
from nntc.encoder.goals.samples import Division, count_shared, divide, load_evaluation
from nntc.encoder.model import Model
from nntc.encoder.network.input_check import doubt_of_inputs, with_look
from nntc.encoder.network.network import Network
from nntc.encoder.notes import with_fidelity
from nntc.encoder.options import Options
from nntc.encoder.report import EncodeReport
from nntc.encoder.samples import Samples, load_samples
from nntc.encoder.samples.summary import InputSummary, summarize
from nntc.errors import FormatError, NntcError
from nntc.progress import Progress
from nntc.sources.source import Source, SourceLike


@dataclass(frozen=True, slots=True, eq=False)
class Measuring:
    """What measures encodings of a model, and what is left to calibrate them with.

    Parameters
    ----------
    evaluator
        Measures encodings: on evaluation samples if there are any, else on calibration samples.
    check
        Compares encodings with each other, on samples that are neither calibrated nor evaluated with where
        there are enough.
    calibration
        The calibration samples to calibrate with; None if there were none.
    remarks
        What the user should know about the samples.
    inputs
        What the samples look like, of calibration or else of evaluation.
    """

    evaluator: Evaluator
    check: Evaluator
    calibration: Samples | None
    remarks: tuple[str, ...]
    inputs: tuple[InputSummary, ...]


def prepare(
    model: Model, options: Options, progress: Progress | None = None, *, is_search: bool | None = None
) -> Measuring:
    """Load the samples in `options`, and divide them between calibrating and measuring.

    What a network was calibrated with tells too well of it: some calibration samples are held out to measure
    on (`divide`). Samples that cannot be what the network was trained on are not calibrated with, unless they
    are trusted: they might ruin it, and measured on themselves nothing of it would be seen.

    Parameters
    ----------
    model, options
        The model, and what is asked.
    progress
        Called with events.
    is_search
        Whether several encodings will be measured; by default if there is a goal.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError
        E_RUN: onnxruntime cannot run the model.
    SamplesError
        E_SAMPLES: samples cannot be read, do not fit the model, or are too few to be divided.
    """
    network = model.network()
    remarks: tuple[str, ...] = ()
    division = Division(None, None)
    calibration = evaluation = None
    if options.calibration is not None:
        calibration = load_samples(options.calibration, network.inputs, progress=progress)
    if options.evaluation is not None:
        labelled = options.goal is not None and options.goal.needs_labels
        evaluation = load_evaluation(options.evaluation, network.inputs, labelled=labelled, progress=progress)
        remarks = evaluation.remarks
        doubt = doubt_of_inputs(network, evaluation, options.threads)
        if doubt:
            remarks += (f"WARNING: check the evaluation samples: {with_look(doubt, evaluation)}",)
        shared = 0 if calibration is None else count_shared(evaluation, calibration)
        if shared:
            remarks += (f"{shared:,} of {len(evaluation):,} evaluation samples are calibration samples too",)
    if calibration is not None:
        if is_search is None:
            is_search = options.goal is not None
        remarks += calibration.remarks
        division = divide(calibration, is_search=is_search and evaluation is None)
        doubt = doubt_of_inputs(network, calibration, options.threads)
        if doubt and division.kept is not None:
            remarks += (_remark_on(with_look(doubt, calibration), options),)
            if not options.trust_samples:
                division = Division(None, calibration)
        remarks += tuple(filter(None, [division.remark]))

    def evaluator(samples: Samples, measured_on: MeasuredOn) -> Evaluator:
        is_classifier = options.goal is not None and options.goal.needs_classes
        return Evaluator(
            network,
            samples,
            measured_on,
            is_classifier=is_classifier,
            jobs=options.threads,
            progress=progress,
        )

    held, kept = division.held, division.kept
    check = evaluator(held, MeasuredOn.HELD_OUT) if held is not None else None
    if check is None and kept is not None:
        check = evaluator(kept, MeasuredOn.CALIBRATION)
    main = check if evaluation is None else evaluator(evaluation, MeasuredOn.EVALUATION)
    if main is None:
        raise ValueError("there are no samples to measure on")
    doubts = [main.broken(), main.doubt() if evaluation is not None else ""]
    remarks += tuple(filter(None, doubts))
    inputs = summarize(calibration or evaluation or Samples([]))
    return Measuring(main, check or main, kept, remarks, inputs)


def _remark_on(doubt: str, options: Options) -> str:
    """Return what the user should know about doubtful calibration samples."""
    if options.trust_samples:
        return f"WARNING: check the calibration samples: {doubt}"
    return (
        f"WARNING: encoded without the calibration samples: {doubt}; if they are what the model is used for, "
        "say so: --trust-samples"
    )


def measure(
    evaluator: Evaluator, file: SourceLike, progress: Progress | None = None, base: Sequence[Source] = ()
) -> Fidelity:
    """Return how alike the outputs of the model in a new `.nntc` file are; `base` is that of an update."""
    return evaluator.measure(open_decoded(file, base), progress)


def measured(
    evaluator: Evaluator,
    file: CodedFile,
    report: EncodeReport,
    progress: Progress | None = None,
    base: Sequence[Source] = (),
) -> tuple[CodedFile, EncodeReport, Fidelity]:
    """Return a new file with its fidelity noted in it, its report with the same, and the fidelity."""
    fidelity = measure(evaluator, file, progress, base)
    report = replace(report, fidelity=fidelity)
    if report.error or report.integers is not None:
        file = with_fidelity(file, report)
    return file, replace(report, size=file.size), fidelity


def open_decoded(file: SourceLike, base: Sequence[Source] = ()) -> Network:
    """Return the network that a new `.nntc` file decodes to; E_INTERNAL if it does not."""
    try:
        files = decode_bytes(file, base=base)
    except FormatError as e:
        raise NntcError("E_INTERNAL", f"the file would not decode ({e}); please report this") from e
    return Network(files[None], {name: content for name, content in files.items() if name is not None})

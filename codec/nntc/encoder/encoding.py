"""Encoding of an open model: calibrate, plan, assemble, check. Nothing here remembers an earlier encoding."""

from __future__ import annotations

from dataclasses import replace

from nntc.decoder.model import verify
from nntc.encoder.assembly import Assembly, FileOverhead
from nntc.encoder.container import CodedFile
from nntc.encoder.goals.fidelity import Fidelity
from nntc.encoder.goals.measuring import Measuring, measured, open_decoded, prepare
from nntc.encoder.goals.reach import Encoding, Tried, reach
from nntc.encoder.index import with_index
from nntc.encoder.integers.from_float import integers_of
from nntc.encoder.methods import METHODS, PlanRequest
from nntc.encoder.methods.partition import check_exact
from nntc.encoder.model import Model
from nntc.encoder.notes import with_fidelity
from nntc.encoder.options import Method, Options
from nntc.encoder.options.options import aims
from nntc.encoder.prepare import PreparedTensors, calibrate
from nntc.encoder.split.varints import varint_remarks
from nntc.encoder.unsplit import without_sections
from nntc.encoder.update.measured import fewest_bytes
from nntc.encoder.update.plan import UPDATE_METHODS
from nntc.encoder.workers import Workers
from nntc.errors import FormatError, ModelError, NntcError
from nntc.progress import Phase, Progress, Steps, as_phase
from nntc.reader.changes import Change

_FRESH = 0.8
"""Part of an update that is fresh from which a file that needs no base may be as small."""
_HARDLY = 1.005


def encode_model(model: Model, options: Options, workers: Workers, tried: Tried | None = None) -> Encoding:
    """Return a file and its report; the file has been decoded, and run where there are samples.

    Raises
    ------
    ModelError
        E_GOAL: the goal cannot be reached; E_RUN: onnxruntime cannot run the model; E_FIDELITY: the decoded
        network gives values that are not finite; E_INTEGERS: no model of integers can be made of it.
    """
    measuring = None
    if options.calibration is not None or options.evaluation is not None:
        measuring = prepare(model, options, workers.progress)
    if options.integers is None:
        return _encode(model, options, workers, measuring, tried)
    with integers_of(model, options, measuring, workers.progress) as (made, remarks):
        file, report = _encode(made, options, workers, measuring, tried)
    file = with_fidelity(file, report)  # a file without sections has no notes yet
    return file, replace(report, size=file.size, remarks=(*remarks, *report.remarks))


def _encode(
    model: Model, options: Options, workers: Workers, measuring: Measuring | None, tried: Tried | None
) -> Encoding:
    """Return a file and its report, as `encode_model`, of a model that is coded as it is."""
    plain = PreparedTensors(model.tensors)
    if measuring is None:
        encoding = build(model, plain, options, workers)
        _check(encoding[0], model, workers.progress)
        return encoding
    if measuring.calibration is None or options.method is Method.LOSSLESS:
        file, report = _measured(model, plain, options, workers, measuring, tried)
    else:
        prepared = calibrate(
            model, measuring.calibration, options.exact, jobs=options.threads, progress=workers.progress
        )
        encoding = _measured(model, prepared, options, workers, measuring, tried)
        if prepared.calibration is not None and model.base is None:
            encoding = _without_samples(model, options, workers, measuring, encoding) or encoding
        file, report = encoding
    remarks = tuple(dict.fromkeys((*measuring.remarks, *report.remarks, *_doubts(report.fidelity))))
    return file, replace(report, remarks=remarks, inputs=measuring.inputs)


def build(
    model: Model,
    prepared: PreparedTensors,
    options: Options,
    workers: Workers,
    share: float | None = None,
) -> Encoding:
    """Return a file that nobody has decoded yet, and its report.

    A function of model, tensors and options: workers change nothing. `share` is the price of errors of a
    change in an update (`nntc.encoder.update.weights`); None for the usual.
    """
    check_exact(options.exact, [wire.name for wire in model.files.tensors])
    overhead, base = FileOverhead(model, options), model.base
    request = PlanRequest(prepared.tensors, options, overhead, workers, prepared.calibration, base, share)
    plan = (METHODS if base is None else UPDATE_METHODS)[options.method](request)
    plan = replace(plan, remarks=(*plan.remarks, *prepared.remarks))
    if options.method is not Method.LOSSLESS:
        plan = replace(plan, remarks=(*plan.remarks, *varint_remarks(model.files.tensors)))
    Steps(workers.progress, Phase.ASSEMBLING)
    file, report = Assembly(model, plan, options, workers.store()).finish()
    report = replace(report, is_calibrated=prepared.calibration is not None and report.error > 0)
    # A device decodes sections one by one; of a graph it may have no use, and no memory for it.
    if base is not None:
        return _smaller(model, prepared, options, workers, (file, report))
    if options.method is Method.LOSSLESS and options.device_memory is None:
        file, report = without_sections(model.files, file, report)
    return with_index(file, report) if options.index else (file, report)


def _smaller(
    model: Model, prepared: PreparedTensors, options: Options, workers: Workers, update: Encoding
) -> Encoding:
    """Return an update, or a file that needs no base where that is hardly larger: nothing in common."""
    file, report = update
    fresh = sum(tensor.coded_bytes for tensor in report.tensors if tensor.change == Change.FRESH)
    if fresh < _FRESH * file.size:
        return update
    alone, own = build(replace(model, base=None), prepared, options, workers)
    if alone.size > _HARDLY * file.size:
        return update
    remark = f"has too little in common with the base ({file.size:,} bytes with it): encoded without"
    return alone, replace(own, remarks=(*own.remarks, remark))


def _measured(
    model: Model,
    prepared: PreparedTensors,
    options: Options,
    workers: Workers,
    measuring: Measuring,
    tried: Tried | None = None,
) -> Encoding:
    """Return an encoding with the fidelity of its outputs: if there is a goal, the smallest that meets it."""
    if options.goal is not None:
        return reach(
            options.goal,
            measuring.evaluator,
            lambda quality: build(model, prepared, options.at(quality), workers),
            workers,
            tried,
            model.bases,
        )
    built = _built(model, prepared, options, workers, measuring)
    file, report, _ = measured(measuring.evaluator, *built, workers.progress, model.bases)
    return file, report


def _built(
    model: Model, prepared: PreparedTensors, options: Options, workers: Workers, measuring: Measuring
) -> Encoding:
    """Return an encoding; an update, with samples, of the fewest bytes that do."""
    is_free = all(getattr(options, name) is None for name in aims() if name != "quality")
    if model.base is None or prepared.calibration is None or not is_free:
        return build(model, prepared, options, workers)

    def divergence(encoding: Encoding) -> float:
        return measuring.check.measure(open_decoded(encoding[0], model.bases)).divergence

    fresh = build(replace(model, base=None), prepared, options, workers)
    return fewest_bytes(
        lambda share: build(model, prepared, options, workers, share), divergence, divergence(fresh)
    )


def _without_samples(
    model: Model, options: Options, workers: Workers, measuring: Measuring, calibrated: Encoding
) -> Encoding | None:
    """Return an encoding of the same size without samples where its outputs are nearer to the original's.

    Samples can mislead: too few of them, or a model too small for what they tell. The check samples decide,
    which are not those that the encoding was calibrated with.
    """
    file, report = calibrated
    plain = PreparedTensors(model.tensors)
    try:
        rival = build(model, plain, options.at_size(file.size), workers)
    except ModelError:  # E_GOAL: without samples it cannot be so small
        return None
    ours, theirs = (measuring.check.typical_error(open_decoded(own, model.bases)) for own in (file, rival[0]))
    if not theirs < ours:
        return None
    if options.goal is None:
        file, report, _ = measured(measuring.evaluator, *rival, base=model.bases)
    else:
        try:
            file, report = _measured(model, plain, options, workers, measuring)
        except ModelError:  # E_GOAL
            return None
        if file.size >= calibrated[0].size:
            return None
    remark = (
        "encoded without the calibration samples: at the same size, the outputs are nearer then; typical "
        f"squared error {theirs:.3g} against {ours:.3g}, on {measuring.check.measured_on} samples"
    )
    return file, replace(report, remarks=(*report.remarks, remark))


def _doubts(fidelity: Fidelity | None) -> tuple[str, ...]:
    """Return what the user must know of the decoded network's outputs; raise E_FIDELITY for broken ones."""
    if fidelity is None or not fidelity.is_far:
        return ()
    if fidelity.not_finite:
        raise ModelError(
            "E_FIDELITY",
            f"the decoded network gives values that are not finite on {fidelity.not_finite:,} of "
            f"{fidelity.samples:,} {fidelity.measured_on} samples: ask for a higher quality",
        )
    return (f"WARNING: the decoded network's outputs are far from the original's: {fidelity.text}",)


def _check(file: CodedFile, model: Model, progress: Progress | None) -> None:
    """Raise E_INTERNAL if a file does not decode."""
    try:
        verify(file, base=model.bases, progress=as_phase(progress, Phase.CHECKING))
    except FormatError as e:
        raise NntcError("E_INTERNAL", f"the file would not decode ({e}); please report this") from e

"""Encode a model by several methods at several rates and measure every result (Laude et al., Fig. 3)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from nntc.arithmetic import in_standard_arithmetic
from nntc.encoder.encoding import build
from nntc.encoder.goals.fidelity import Fidelity, MeasuredOn
from nntc.encoder.goals.measuring import measure, prepare
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import PreparedTensors, calibrate
from nntc.encoder.samples import SampleSource
from nntc.encoder.workers import Workers
from nntc.errors import SamplesError
from nntc.progress import Phase, Progress, ProgressEvent

_COARSEST, _FINEST = 10.0, 34.0  # dB, method auto: from wrecked to beyond what a network can tell
_LEAST_BITS, _MOST_BITS = 2, 8  # paper methods
MAX_POINTS = 50


class SweepMethod(StrEnum):
    """What a curve is drawn of: method `auto` without and with calibration, and those of Laude et al."""

    AUTO = "auto"
    CALIBRATED = "calibrated"
    DCT = "dct"
    QUANTIZATION = "quantization"
    CLUSTERING = "clustering"


_DEFAULT_METHODS = (SweepMethod.AUTO, SweepMethod.CALIBRATED, SweepMethod.DCT)


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One encoding.

    Parameters
    ----------
    method, setting
        How it was made, such as `auto` and `22 dB`.
    size
        Bytes of the file.
    ratio
        Original size / size.
    bits_per_weight
        Bits of the file beside the graph / elements coded.
    error
        Relative error of all weights.
    fidelity
        How alike the decoded network answers.
    """

    method: SweepMethod
    setting: str
    size: int
    ratio: float
    bits_per_weight: float
    error: float
    fidelity: Fidelity


@dataclass(frozen=True, slots=True)
class Curves:
    """Points of every method, from fine to coarse.

    Parameters
    ----------
    original_size
        Bytes of the ONNX file and its external data.
    measured_on
        Which samples: `evaluation`, or `held-out calibration`.
    remarks
        What the user should know.
    """

    original_size: int
    measured_on: MeasuredOn
    points: tuple[SweepPoint, ...]
    remarks: tuple[str, ...] = ()

    @property
    def methods(self) -> list[SweepMethod]:
        """Methods in order, each once."""
        return list(dict.fromkeys(point.method for point in self.points))

    def of(self, method: SweepMethod) -> list[SweepPoint]:
        """Return the points of a method."""
        return [point for point in self.points if point.method is method]


@in_standard_arithmetic
def sweep(
    source: str | os.PathLike[str] | bytes,
    *,
    calibration: SampleSource | None = None,
    evaluation: SampleSource | None = None,
    trust_samples: bool = False,
    methods: Sequence[SweepMethod | str] | None = None,
    points: int = 7,
    follow_links: bool = False,
    jobs: int = 1,
    dask: str | None = None,
    progress: Progress | None = None,
    measured: Callable[[SweepPoint], None] | None = None,
) -> Curves:
    """Measure size against fidelity of a model's encodings.

    Parameters
    ----------
    source
        Path of the model, its external data beside it, or the bytes of a model without any.
    calibration
        Samples for method `calibrated`. See `nntc.Options`.
    evaluation
        Samples to measure on; with an array `labels`, accuracy is measured too. Without them, a fourth of
        the calibration samples is held out for it.
    trust_samples
        Whether to calibrate even with samples that contradict what the model stores of those it was trained
        on; else there is no curve `calibrated` then.
    methods
        What to draw curves of; by default `auto`, `dct`, and with calibration `calibrated`.
    points
        Points of a curve, 2 to 50; at most 7 of a paper method, which has whole bits.
    follow_links
        Whether links may lead to external data that is not in the model's folder.
    jobs
        Threads.
    dask
        Address of a Dask scheduler whose workers encode. See `nntc.Options`.
    progress
        Called with events; points are the steps of the outermost phase.
    measured
        Called with every point.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError, SamplesError
        The model or the samples are at fault.
    ValueError
        Arguments out of range.
    """
    _check_points(points)
    wanted = _check_methods(methods, is_calibrated=calibration is not None)
    if calibration is None and evaluation is None:
        raise ValueError("there must be samples to measure on: evaluation or calibration")
    base = check_options(
        calibration=calibration, evaluation=evaluation, trust_samples=trust_samples, jobs=jobs, dask=dask
    )
    done = []
    noted: list[str] = []
    with (
        open_model(source, follow_links=follow_links) as model,
        Workers(jobs, progress, dask=dask) as workers,
    ):
        measuring = prepare(model, base, progress, is_search=True)
        if measuring.calibration is None and set(wanted) == {SweepMethod.CALIBRATED}:
            raise SamplesError(f"there is nothing to draw: {measuring.remarks[-1]}")
        plain = calibrated = PreparedTensors(model.tensors)
        if measuring.calibration is None:
            wanted = [method for method in wanted if method is not SweepMethod.CALIBRATED]
        elif SweepMethod.CALIBRATED in wanted:
            calibrated = calibrate(model, measuring.calibration, jobs=jobs, progress=progress)
        settings = [(method, *setting) for method in wanted for setting in _settings(method, points)]
        for number, (method, setting, chosen) in enumerate(settings):
            tensors = calibrated if method is SweepMethod.CALIBRATED else plain
            with workers.during(ProgressEvent(Phase.SWEEPING, number, len(settings), "point")):
                file, report = build(model, tensors, check_options(jobs=jobs, **chosen), workers)
                noted += report.remarks
                fidelity = measure(measuring.evaluator, file, workers.progress)
            point = SweepPoint(
                method,
                setting,
                report.size,
                report.ratio,
                report.bits_per_weight,
                report.error,
                fidelity,
            )
            done.append(point)
            if measured is not None:
                measured(point)
        remarks = tuple(dict.fromkeys((*measuring.remarks, *noted)))
    return Curves(model.size, measuring.evaluator.measured_on, tuple(done), remarks)


def _check_points(points: object) -> None:
    """Raise TypeError or ValueError for what is no number of points."""
    if not isinstance(points, int):
        raise TypeError(f"points must be a whole number, not {points!r}")
    if not 2 <= points <= MAX_POINTS:
        raise ValueError(f"points must be 2 to {MAX_POINTS}")


def _check_methods(methods: Sequence[SweepMethod | str] | None, *, is_calibrated: bool) -> list[SweepMethod]:
    """Return methods, each once; ValueError for none, or one that has not what it needs."""
    if methods is None:
        return [m for m in _DEFAULT_METHODS if is_calibrated or m is not SweepMethod.CALIBRATED]
    if isinstance(methods, str):
        raise TypeError(f"methods are several names, not {methods!r}")
    known = ", ".join(SweepMethod)
    for method in methods:
        if method not in list(SweepMethod):
            raise ValueError(f"methods must be of {known}, not {method!r}")
    wanted = list(dict.fromkeys(SweepMethod(method) for method in methods))
    if not wanted:
        raise ValueError("there must be a method")
    if SweepMethod.CALIBRATED in wanted and not is_calibrated:
        raise ValueError("method calibrated needs calibration samples")
    return wanted


def _settings(method: SweepMethod, points: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield settings of a curve, from fine to coarse: for people, and as options."""
    if method in (SweepMethod.AUTO, SweepMethod.CALIBRATED):
        for quality in np.linspace(_FINEST, _COARSEST, points).round(1).tolist():
            yield f"{quality:g} dB", {"quality": quality}
        return
    count = min(points, _MOST_BITS - _LEAST_BITS + 1)
    for bits in np.linspace(_MOST_BITS, _LEAST_BITS, count).round().astype(int).tolist():
        yield f"{bits} bits", {"method": str(method), "bits": bits}

"""Run a network before and after coding on the same samples, and compare what they answer."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nntc.decoder.model import decode, decode_bytes
from nntc.encoder.goals.accuracy import check_labels, count_right, scores_of, scores_output
from nntc.encoder.goals.fidelity import Fidelity, Measure, Metric, Share, share
from nntc.encoder.goals.samples import count_samples, count_shared, hold_out, load_evaluation
from nntc.encoder.network.divergence import OutputForm, OutputKind, Reference
from nntc.encoder.network.input_check import remarks_on
from nntc.encoder.network.output_variation import lack_of_variation
from nntc.encoder.network.session import Network
from nntc.encoder.options import Options
from nntc.encoder.samples import LABELS, Samples, load_samples
from nntc.encoder.samples.summary import InputSummary, summarize
from nntc.errors import FormatError, NntcError, SamplesError
from nntc.format.names import UNUSED_NAME
from nntc.progress import Phase, Progress, Steps
from nntc.reader.container import open as open_container

Array = NDArray[Any]
_MANY_CLASSES = 20
"""From here on the five highest scores tell more than the highest one."""
_LEAST_LABELS = 30
_CHANCE = 1.5
"""Times the accuracy of guesses that a network is no better than one."""


class Evaluator:
    """Compares decoded networks with the original on samples, keeping the original's outputs.

    Parameters
    ----------
    network
        The original.
    samples
        What to run; each with an array `labels`, or none.
    measured_on
        What the samples are, for people.
    is_classifier
        Whether the model is known to be one, even if its outputs do not look like scores of classes; it is
        if there are labels.
    jobs
        Threads; never changes the result.
    progress
        Called with events; running the original, batches are steps.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    SamplesError
        E_SAMPLES: labels do not fit the outputs.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        measured_on: str,
        *,
        is_classifier: bool = False,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self._samples, self._jobs = samples, jobs
        self.measured_on = measured_on
        self._reference = Reference(network, samples, jobs=jobs, progress=progress)
        self._labels = [batch[LABELS].ravel() for batch in samples if LABELS in batch]
        self._scores = self._find_scores() if self._labels or is_classifier else None
        self._measure = _measure_of(self._reference.forms)
        right = [0, 0]
        for _ in self._counting(self._reference.outputs, right):
            pass
        self._original = self._shares(right)

    def measure(self, network: Network, progress: Progress | None = None) -> Fidelity:
        """Return how alike a decoded network answers; `progress` is called with events, batches are steps."""
        right = [0, 0]
        steps = Steps(progress, Phase.MEASURING, len(self._samples), "sample")
        outputs = steps.through(network.session().run_all(self._samples, self._jobs))
        found = self._reference.compare(self._counting(outputs, right))
        return Fidelity(
            sum(count_samples(batch) for batch in self._samples),
            found.divergence,
            self._measure,
            found.cosine,
            share(found.agreed, found.decided) if found.decided else None,
            *self._shares(right),
            *self._original,
        )

    def doubt(self) -> str:
        """Return why the original's own outputs make one doubt the samples, "" if they do not."""
        lack = lack_of_variation(self._reference)
        if lack:
            return f"check the samples that are measured on: {lack}"
        top1, top5 = self._original
        if top1 is None or top5 is None or self._scores is None:
            return ""
        scores = scores_of(self._reference.outputs[0][self._scores], self._reference.forms[self._scores])
        classes = max(scores.shape[1], 2)
        found, chance = (top5, 5 / classes) if classes >= _MANY_CLASSES else (top1, 1 / classes)
        if top1.total < _LEAST_LABELS or found.value > _CHANCE * chance:
            return ""
        return (
            f"check labels and inputs: the original itself is right about {found.value:.1%} of the samples, "
            f"as by chance ({chance:.1%})"
        )

    def _find_scores(self) -> int | None:
        """Return which output has scores of classes, or None; labels, if there are any, must fit it."""
        forms, outputs = self._reference.forms, self._reference.outputs
        number = scores_output(forms)
        first = outputs[0][0]
        if number is None and first.dtype.kind == "f" and first.ndim > 1 and first.shape[-1] > 1:
            number, forms[0] = 0, OutputForm(OutputKind.LOGITS)
        if not self._labels:
            return number
        if number is None:
            raise SamplesError("there are labels, but the model's first output is no scores of classes")
        for found, labels in zip(outputs, self._labels, strict=True):
            check_labels(labels, scores_of(found[number], forms[number]))
        return number

    def _counting(self, outputs: Iterable[list[Array]], right: list[int]) -> Iterator[list[Array]]:
        """Yield outputs; add to `right`, for each metric, how many labels they name."""
        for number, found in enumerate(outputs):
            if self._labels and self._scores is not None:
                scores = scores_of(found[self._scores], self._reference.forms[self._scores])
                for place, metric in enumerate(Metric):
                    right[place] += count_right(scores, self._labels[number], metric.k)
            yield found

    def _shares(self, right: list[int]) -> tuple[Share | None, Share | None]:
        """Return accuracies, None without labels."""
        if not self._labels:
            return None, None
        total = sum(labels.size for labels in self._labels)
        return share(right[0], total), share(right[1], total)


def _measure_of(forms: list[OutputForm]) -> Measure:
    """Return what the mean divergence of outputs is."""
    are_values = [form.kind is OutputKind.VALUES for form in forms]
    if all(are_values):
        return Measure.SQUARED_ERROR
    if any(are_values) or any(form.kind is OutputKind.INTEGERS for form in forms):
        return Measure.MIXED
    return Measure.KL


@dataclass(frozen=True, slots=True, eq=False)
class Measuring:
    """What measures encodings of a model, and what is left to calibrate them with.

    Parameters
    ----------
    calibration
        The calibration samples that are not measured on; None if there were none.
    remarks
        What the user should know about the samples.
    inputs
        What the samples that are measured on look like.
    """

    evaluator: Evaluator
    calibration: Samples | None
    remarks: tuple[str, ...]
    inputs: tuple[InputSummary, ...]


def prepare(
    source: str | os.PathLike[str] | bytes, options: Options, progress: Progress | None = None
) -> Measuring:
    """Load a model and the samples in `options`, and divide these between calibrating and measuring.

    Without evaluation samples, every fourth calibration sample is held out to be measured on: what a
    network was calibrated with tells too well of it.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError
        E_RUN: onnxruntime cannot run the model.
    SamplesError
        E_SAMPLES: samples cannot be read, do not fit the model, or are too few to be divided.
    """
    network = Network(source)
    calibration = None if options.calibration is None else load_samples(
        options.calibration, network.inputs, progress=progress
    )
    remarks: tuple[str, ...] = ()
    measured_on = "evaluation"
    if options.evaluation is not None:
        samples = load_evaluation(
            options.evaluation, network.inputs, labelled=options.max_drop is not None, progress=progress
        )
        remarks = remarks_on(network, samples, "evaluation")
        shared = 0 if calibration is None else count_shared(samples, calibration)
        if shared:
            remarks += (f"{shared:,} of {len(samples):,} evaluation samples are calibration samples too",)
    elif calibration is not None:
        calibration, samples = hold_out(calibration)
        measured_on = "held-out calibration"
    else:
        raise ValueError("there are no samples to measure on")
    evaluator = Evaluator(
        network,
        samples,
        measured_on,
        is_classifier=options.min_agreement is not None,
        jobs=options.jobs if isinstance(options.jobs, int) else 1,
        progress=progress,
    )
    remarks += tuple(filter(None, [evaluator.doubt()]))
    return Measuring(evaluator, calibration, remarks, summarize(samples))


def open_decoded(data: bytes) -> Network:
    """Return the network that a new `.nntc` file decodes to; E_INTERNAL if it does not."""
    try:
        return _open_decoded(data)
    except FormatError as e:
        raise NntcError("E_INTERNAL", f"the file would not decode ({e}); please report this") from e


def _open_decoded(data: bytes) -> Network:
    with open_container(data) as container:
        has_external = len(container.files) > 1
    if not has_external:
        return Network(decode_bytes(data)[None])
    with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
        model = Path(folder) / UNUSED_NAME
        decode(data, model)
        return Network(model)

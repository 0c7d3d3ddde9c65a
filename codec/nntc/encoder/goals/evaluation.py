"""Run a network before and after coding on the same samples, and compare what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.goals.accuracy import (
    check_labels,
    count_right,
    margins_right,
    scores_of,
    scores_output,
)
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn, Metric, Share, share
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import OutputForm, OutputKind
from nntc.encoder.network.output_variation import lack_of_variation
from nntc.encoder.network.turned import Margins, Turned
from nntc.encoder.samples import LABELS, Samples
from nntc.encoder.samples.samples import count_samples
from nntc.errors import SamplesError
from nntc.progress import Phase, Progress, Steps

Array = NDArray[Any]
_LEAST_ERROR = 1e-15  # of outputs in binary32; less is rounding
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
        measured_on: MeasuredOn,
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
        self._before = _Answers()
        for _ in self._counting(self._reference.outputs, self._before):
            pass
        self._original = self._shares(self._before)

    def typical_error(self, network: Network) -> float:
        """Return the geometric mean over samples of the squared error of a decoded network's outputs.

        Relative to the original's power. A few samples tell which of two encodings is nearer by this; by a
        mean divergence they do not, as one sample near a decision outweighs all others.
        """
        found = self._reference.compare(network.session().run_all(self._samples, self._jobs))
        return float(np.exp(np.mean(np.log(np.maximum(found.error_by_sample, _LEAST_ERROR)))))

    def measure(self, network: Network, progress: Progress | None = None) -> Fidelity:
        """Return how alike a decoded network's outputs are.

        `progress` is called with events, batches are steps.
        """
        answers = _Answers()
        steps = Steps(progress, Phase.MEASURING, len(self._samples), "sample")
        outputs = steps.through(network.session().run_all(self._samples, self._jobs))
        found = self._reference.compare(self._counting(outputs, answers))
        return Fidelity(
            sum(count_samples(batch) for batch in self._samples),
            self.measured_on,
            found.divergence,
            self._measure,
            found.cosine,
            share(found.agreed, found.decided) if found.decided else None,
            *self._shares(answers),
            *self._original,
            not_finite=found.not_finite,
            spread=_spread(found.by_sample),
            batches=found.samples,
            changed=found.turned,
            turned=self._turned(answers),
        )

    def broken(self) -> str:
        """Return the warning that the original itself gives values that are not finite, "" if it does not."""
        count = self._reference.not_finite
        if not count:
            return ""
        return (
            f"WARNING: the model itself gives values that are not finite on {count:,} of "
            f"{len(self._samples):,} {self.measured_on} samples: these values are not compared"
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

    def _counting(self, outputs: Iterable[list[Array]], answers: _Answers) -> Iterator[list[Array]]:
        """Yield outputs; add to `answers`, for each metric, how many labels they name and by what margins."""
        for number, found in enumerate(outputs):
            if self._labels and self._scores is not None:
                form, labels = self._reference.forms[self._scores], self._labels[number]
                scores = scores_of(found[self._scores], form)
                for metric in Metric:
                    answers.right[metric] += count_right(scores, labels, metric.k)
                    answers.margins[metric].append(margins_right(scores, form, labels, metric.k))
            yield found

    def _turned(self, answers: _Answers) -> dict[Metric, Turned]:
        """Return, for each metric, how many labels coding loses and gains; nothing without labels."""
        turned = {}
        for metric in Metric:
            margins = Margins()
            for batch, before, after in zip(
                self._samples, self._before.margins[metric], answers.margins[metric], strict=False
            ):
                margins.add(before, after, count_samples(batch))
            found = margins.turned()
            if found is not None:
                turned[metric] = found
        return turned

    def _shares(self, answers: _Answers) -> tuple[Share | None, Share | None]:
        """Return accuracies, None without labels."""
        if not self._labels:
            return None, None
        total = sum(labels.size for labels in self._labels)
        return share(answers.right[Metric.TOP1], total), share(answers.right[Metric.TOP5], total)


class _Answers:
    """What labels a network names: how many, and by what margins in each batch, for each metric."""

    def __init__(self) -> None:
        self.right = dict.fromkeys(Metric, 0)
        self.margins: dict[Metric, list[Array]] = {metric: [] for metric in Metric}


def _spread(divergences: Array) -> float:
    """Return the relative standard deviation of divergences."""
    mean = float(divergences.mean())
    return float(divergences.std()) / mean if mean > 0 else 0.0


def _measure_of(forms: list[OutputForm]) -> Measure:
    """Return what the mean divergence of outputs is."""
    are_values = [form.kind is OutputKind.VALUES for form in forms]
    if all(are_values):
        return Measure.SQUARED_ERROR
    if any(are_values) or any(form.kind is OutputKind.INTEGERS for form in forms):
        return Measure.MIXED
    return Measure.KL

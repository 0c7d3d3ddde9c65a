"""Run a network before and after coding on the same samples, and compare what they answer."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.decoder.lazy import open as open_container
from codec.decoder.model import decode, decode_bytes
from codec.encoder.calibration.samples import Batch, ModelInput, Samples, SampleSource, load_samples
from codec.encoder.calibration.session import Network
from codec.encoder.goals.answers import check_labels, count_right, scores_of, top_answers
from codec.encoder.goals.fidelity import Fidelity, Measure, Metric, Share, share
from codec.encoder.options import Options
from codec.errors import FormatError, NntcError, SamplesError

Array = NDArray[Any]
LABELS = "labels"


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
    jobs
        Threads; never changes the result.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    SamplesError
        E_SAMPLES: labels do not fit the outputs.
    """

    def __init__(self, network: Network, samples: Samples, measured_on: str, jobs: int) -> None:
        self._samples, self._jobs = samples, jobs
        self.measured_on = measured_on
        self._outputs = list(network.session().run_all(samples, jobs))
        self._scores = [scores_of(outputs) for outputs in self._outputs]
        self._is_probability = all(
            s is not None and bool(((s >= 0) & (s <= 1)).all()) for s in self._scores
        )
        self._labels = [batch[LABELS].ravel() if LABELS in batch else None for batch in samples]
        for labels, scores in zip(self._labels, self._scores, strict=True):
            if labels is not None:
                if scores is None:
                    raise SamplesError("the network's first output has no scores of classes for labels")
                check_labels(labels, scores)
        self._original = {metric: self._accuracy(self._scores, metric) for metric in Metric}

    def measure(self, network: Network) -> Fidelity:
        """Return how alike a decoded network answers."""
        divergence = 0.0
        scores: list[Array | None] = []
        for own, other in zip(
            self._outputs, network.session().run_all(self._samples, self._jobs), strict=True
        ):
            divergence += divergence_of(own, other)
            scores.append(scores_of(other))
        return Fidelity(
            sum(_count(batch) for batch in self._samples),
            divergence / len(self._outputs),
            Measure.KL,
            self._agreement(scores),
            self._accuracy(scores, Metric.TOP1),
            self._accuracy(scores, Metric.TOP5),
            self._original[Metric.TOP1],
            self._original[Metric.TOP5],
        )

    def _agreement(self, scores: list[Array | None]) -> Share | None:
        """Return how many answers are the original's, or None where there are none."""
        same = total = 0
        for own, other in zip(self._scores, scores, strict=True):
            if own is None or other is None:
                return None
            ours, theirs = (top_answers(s, is_probability=self._is_probability) for s in (own, other))
            same += int(np.sum((ours == theirs) & np.isfinite(other).all(axis=1)))
            total += ours.size
        return share(same, total)

    def _accuracy(self, scores: list[Array | None], metric: Metric) -> Share | None:
        """Return how many answers are right, or None without labels."""
        right = total = 0
        for own, labels in zip(scores, self._labels, strict=True):
            if own is None or labels is None:
                return None
            right += count_right(own, labels, metric.k, is_probability=self._is_probability)
            total += labels.size
        return share(right, total)


def load_evaluator(source: str | os.PathLike[str] | bytes, options: Options) -> Evaluator:
    """Return what measures encodings of a model under `options`.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError, SamplesError
        E_RUN; E_SAMPLES.
    """
    if options.evaluation is None:
        raise ValueError("there are no samples to measure on")
    network = Network(source)
    samples = load_evaluation(options.evaluation, network.inputs, labelled=options.max_drop is not None)
    return Evaluator(network, samples, "evaluation", options.jobs if isinstance(options.jobs, int) else 1)


def load_evaluation(source: SampleSource, inputs: list[ModelInput], *, labelled: bool) -> Samples:
    """Load samples to measure on, with their labels if they have any.

    Parameters
    ----------
    source
        As for `load_samples`; an array `labels`, int [samples] or with an axis for each answer, may come with
        each file or dictionary.
    inputs
        The model's inputs.
    labelled
        Whether there must be labels.

    Raises
    ------
    SamplesError
        E_SAMPLES: they cannot be read, do not fit the model, or have no labels.
    """
    if not isinstance(source, str | os.PathLike):
        source = list(source)
    if not _has_labels(source):
        samples = load_samples(source, inputs)
        if labelled:
            raise SamplesError("the evaluation samples have no labels")
        return samples
    batch = inputs[0].shape[0] if inputs and inputs[0].shape else None
    # With a batch of more than one the model's first axis counts labels; else they may have any axes.
    shape = None if batch in (None, 1) else (batch,)
    return load_samples(source, [*inputs, ModelInput(LABELS, np.dtype(np.int64), shape)])


def _has_labels(source: Any) -> bool:
    """Return whether samples have labels; False where they cannot be read, which loading them will tell."""
    if not isinstance(source, str | os.PathLike):
        return any(isinstance(sample, Mapping) and LABELS in sample for sample in source)
    path = Path(source)
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    return bool(files) and zipfile.is_zipfile(files[0]) and _holds_labels(files[0])


def _holds_labels(file: Path) -> bool:
    """Return whether an `.npz` file has labels; its arrays are not read."""
    try:
        with zipfile.ZipFile(file) as content:
            return f"{LABELS}.npy" in content.namelist()
    except zipfile.BadZipFile:
        return False


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
        # No name of external data begins with a dot.
        model = Path(folder) / ".model.onnx"
        decode(data, model)
        return Network(model)


def _count(batch: Batch) -> int:
    """Return how many samples a batch holds: the length of its first input's first axis."""
    first = next(iter(batch.values()))
    return len(first) if first.ndim else 1


def divergence_of(own: list[Array], other: list[Array]) -> float:
    from scipy.special import log_softmax
    a, b = scores_of(own), scores_of(other)
    la, lb = log_softmax(a, axis=1), log_softmax(b, axis=1)
    return float(np.mean(np.sum(np.exp(la) * (la - lb), axis=1)))

"""Doubts about samples: whether inputs are scaled as a network was trained.

What a network stores may contradict them (`nntc.encoder.network.stored_scale`). Where it stores nothing,
answers show it: those of a classifier to inputs of a far too small scale are alike, and to far too large ones
it answers without any doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.likely import likely_preprocess
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import Floats, OutputForm, OutputKind, log_distribution
from nntc.encoder.network.stored_scale import misfit
from nntc.encoder.samples import Array, Samples
from nntc.encoder.samples.summary import summarize

_RUN = 16
"""Samples that are run."""
_LEAST_RUN = 4
_LEAST_CLASSES = 20
_LEAST_INFORMATION, _LEAST_UNDECIDED = 0.5, 1.0
"""Nats that answers to `_RUN` samples tell about which sample it was, log 16 = 2.8 at most; more are needed
of answers that decide little. Three networks for ImageNet have 2.6 to 2.8 on right images, SqueezeNet 0.05 to
0.35 and GoogLeNet 0.02 to 0.84 on those that are 60 to 255 times too small."""
_UNDECIDED = 2.0
"""Nats of entropy in an answer; the networks have 1.2 on right images at most, 3.3 to 4 on those."""
_SURE = 30.0
"""Nats between a classifier's first and second answer, median over samples. On right images the networks have
1 to 4, SqueezeNet 56 on those that are 58 times too large."""
_TINY = 1e-12


def doubt_of_inputs(network: Network, samples: Samples, jobs: int = 1) -> str:
    """Return why samples cannot be what the network was trained on, "" where no reason is found.

    Parameters
    ----------
    network
        The network as it was given, normalizations not folded.
    samples
        Its inputs; some of them are run.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    if len(samples) < _LEAST_RUN:
        return ""
    some = samples[:: max(len(samples) // _RUN, 1)][:_RUN]
    found = misfit(network, some, jobs)
    if not found.contradiction:
        return _doubt_of_answers(network, some, jobs)
    return found.contradiction + likely_preprocess(network, some, jobs)


def with_look(doubt: str, samples: Samples) -> str:
    """Return a doubt about samples and what these look like, for people."""
    return "; ".join((doubt, *(summary.text for summary in summarize(samples))))


def _doubt_of_answers(network: Network, samples: Samples, jobs: int) -> str:
    """Look at how much a classifier's answers tell about which sample it was, and at how sure they are."""
    reference = Reference(network, samples, jobs=jobs)
    information, sureness = [], []
    for form, values in zip(reference.forms, zip(*reference.outputs, strict=True), strict=True):
        answers = sum(len(value) for value in values if value.ndim)
        if not _is_classifier(form, values) or answers < _RUN:
            continue
        logs = [log_distribution(form, value) for value in values]
        logarithms = np.concatenate([log.reshape(-1, log.shape[-1]) for log in logs])
        information.append(_information(logarithms))
        if form.kind is OutputKind.PROBABILITIES:  # other numbers may look like logits
            second, first = np.sort(logarithms, axis=1)[:, -2:].T
            sureness.append(float(np.median(first - second)))
    if sureness and min(sureness) > _SURE:
        return (
            "the model's answers are without any doubt, so inputs are far larger than in training "
            f"(between first and second answer: {min(sureness):.2g} nats)"
        )
    if not information or any(
        found >= (_LEAST_UNDECIDED if entropy > _UNDECIDED else _LEAST_INFORMATION)
        for found, entropy in information
    ):
        return ""
    return (
        "the model's outputs are nearly the same for all inputs, so these are not scaled as in training, "
        f"or alike (mutual information {max(information)[0]:.2g} nats)"
    )


def _is_classifier(form: OutputForm, values: Sequence[Array]) -> bool:
    """Return whether an output is one distribution over many classes for each sample."""
    kinds = (OutputKind.LOGITS, OutputKind.PROBABILITIES)
    return form.kind in kinds and all(
        value.ndim > 1
        and value.shape[form.axis] >= _LEAST_CLASSES
        and value.size == value.shape[0] * value.shape[form.axis]
        for value in values
    )


def _information(logarithms: Floats) -> tuple[float, float]:
    """Return what answers tell about samples, and their mean entropy, both in nats.

    Answers are logarithms of probabilities (samples, classes). What they tell is the mutual information: the
    entropy of the mean distribution less the mean entropy.
    """
    chances = np.exp(logarithms)
    mean = chances.mean(axis=0)
    entropy = -float((chances * logarithms).sum(axis=1).mean())
    return -float((mean * np.log(np.maximum(mean, _TINY))).sum()) - entropy, entropy

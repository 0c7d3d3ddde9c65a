"""Labels that a network's scores of classes name: how many, and by what margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.network.divergence import margins_of
from nntc.encoder.network.output_form import OutputForm, OutputKind
from nntc.errors import SamplesError

Array = NDArray[Any]
_SCORES = (OutputKind.PROBABILITIES, OutputKind.LOGITS, OutputKind.CHANCES)
_EVEN = 0.5
_TINY = float(np.finfo(np.float32).tiny)


def scores_output(forms: list[OutputForm]) -> int | None:
    """Return the number of the first output that has scores of classes, or None."""
    return next((number for number, form in enumerate(forms) if form.kind in _SCORES), None)


def scores_of(output: Array, form: OutputForm) -> Array:
    """Return scores, float64 [answers, classes]."""
    scores = np.moveaxis(output, form.axis, -1)
    return scores.reshape(-1, scores.shape[-1]).astype(np.float64)


def count_right(scores: Array, labels: Array, k: int) -> int:
    """Return how many labels are among the k highest scores.

    Parameters
    ----------
    scores
        float64 [answers, classes]; a single class is the probability of label 1 against label 0.
    labels
        Integers [answers], 0 to classes - 1.
    """
    if scores.shape[1] == 1:
        return int(np.sum((scores[:, 0] > _EVEN) == (labels == 1)))
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    # Of equal scores, the lower class comes first, as argmax has it.
    before = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) < labels[:, None]))
    is_number = np.isfinite(scores).all(axis=1)
    return int(np.sum((before.sum(axis=1) < k) & is_number))


def margins_right(scores: Array, form: OutputForm, labels: Array, k: int) -> Array:
    """Return by what margins labels are among the k highest scores, float64 [answers]; above 0 if they are.

    Parameters
    ----------
    scores, labels, k
        As of `count_right`.
    form
        What the scores are: margins are differences of logarithms of chances.
    """
    if form.kind is not OutputKind.LOGITS:
        logarithms = np.log(np.maximum(scores, _TINY))
        if form.kind is OutputKind.CHANCES:
            logarithms -= np.log(np.maximum(1 - scores, _TINY))
        scores = logarithms
    if scores.shape[1] == 1:
        return np.where(labels == 1, scores[:, 0], -scores[:, 0])
    return margins_of(scores, labels, k)


def check_labels(labels: Array, scores: Array) -> None:
    """Raise E_SAMPLES unless there is a label for each answer, each of a class."""
    if labels.size != len(scores):
        raise SamplesError(f"{labels.size} labels do not go with {len(scores)} answers")
    classes = max(scores.shape[1], 2)
    if labels.min() < 0 or labels.max() >= classes:
        raise SamplesError(f"labels must be 0 to {classes - 1}, found {labels.min()} to {labels.max()}")

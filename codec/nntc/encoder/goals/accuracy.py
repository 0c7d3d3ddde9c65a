"""Count the labels that a network's scores of classes name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.network.divergence import OutputForm, OutputKind
from nntc.errors import SamplesError

Array = NDArray[Any]
_SCORES = (OutputKind.PROBABILITIES, OutputKind.LOGITS, OutputKind.CHANCES)
_EVEN = 0.5


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


def check_labels(labels: Array, scores: Array) -> None:
    """Raise E_SAMPLES unless there is a label for each answer, each of a class."""
    if labels.size != len(scores):
        raise SamplesError(f"{labels.size} labels do not go with {len(scores)} answers")
    classes = max(scores.shape[1], 2)
    if labels.min() < 0 or labels.max() >= classes:
        raise SamplesError(f"labels must be 0 to {classes - 1}, found {labels.min()} to {labels.max()}")

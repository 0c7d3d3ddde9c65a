"""The classes that a network's scores name: the highest, or the five highest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import SamplesError

Array = NDArray[Any]


def scores_of(outputs: list[Array]) -> Array | None:
    """Return the scores of classes in the first output, float64 [answers, classes], or None if it has none.

    Classes are on the last axis of two or three, and on the second of more, as in images of classes.
    """
    scores = outputs[0]
    if scores.dtype.kind != "f" or scores.ndim < 2 or scores.size == 0:
        return None
    if scores.ndim > 3:
        scores = np.moveaxis(scores, 1, -1)
    return scores.reshape(-1, scores.shape[-1]).astype(np.float64)


def top_answers(scores: Array, *, is_probability: bool) -> NDArray[np.intp]:
    """Return the class of the highest score, intp [answers].

    A single score names one of two classes: it is a probability, or the logarithm of odds.
    """
    if scores.shape[1] == 1:
        answers: NDArray[np.intp] = (scores[:, 0] > (0.5 if is_probability else 0.0)).astype(np.intp)
        return answers
    highest: NDArray[np.intp] = np.argmax(scores, axis=1)
    return highest


def count_right(scores: Array, labels: Array, k: int, *, is_probability: bool) -> int:
    """Return how many labels are among the k highest scores.

    Parameters
    ----------
    scores
        float64 [answers, classes].
    labels
        Integers [answers], 0 to classes - 1.
    """
    if scores.shape[1] == 1:
        return int(np.sum(top_answers(scores, is_probability=is_probability) == labels))
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

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.goals.accuracy import check_labels, count_right, scores_of, scores_output
from nntc.encoder.network.output_form import OutputForm, OutputKind
from nntc.errors import SamplesError


@given(st.integers(1, 20), st.integers(2, 12), st.sampled_from([1, 5]), st.integers(0, 1 << 30))
def test_labels_among_the_highest_are_right(answers: int, classes: int, k: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, 4, (answers, classes)).astype(np.float64)  # many are equal
    labels = draw.integers(0, classes, answers)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert count_right(scores, labels, k) == int((ranked == labels[:, None]).any(axis=1).sum())


def test_scores_that_are_no_numbers_are_wrong() -> None:
    scores = np.array([[np.nan, 1.0], [0.0, 1.0]])
    assert count_right(scores, np.array([1, 1]), 1) == 1


def test_a_single_class_is_yes_or_no() -> None:
    assert count_right(np.array([[0.2], [0.9], [0.6]]), np.array([0, 1, 0]), 1) == 2


def test_classes_may_be_on_any_axis() -> None:
    image = np.arange(24.0).reshape(1, 3, 2, 4)
    scores = scores_of(image, OutputForm(OutputKind.LOGITS, -3))
    assert scores.shape == (8, 3)
    np.testing.assert_array_equal(scores[0], [0, 8, 16])


def test_the_first_output_with_classes_is_taken() -> None:
    values, logits = OutputForm(OutputKind.VALUES), OutputForm(OutputKind.LOGITS)
    assert scores_output([values, logits, logits]) == 1
    assert scores_output([values]) is None


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 4], [0, -1, 2]])
def test_labels_must_fit(labels: list[int]) -> None:
    with pytest.raises(SamplesError, match="E_SAMPLES"):
        check_labels(np.array(labels), np.zeros((3, 4)))

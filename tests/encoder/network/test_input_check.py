"""Samples of a wrong scale are noticed, right ones are not."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.network import Network
from nntc.encoder.network.input_check import doubt_of_inputs, with_look
from nntc.encoder.samples import Array
from onnx import helper

from tests.encoder.network.scales import PIXELS, WAYS, samples_of, trained_on
from tests.networks import model_of


def test_few_samples_raise_no_doubt() -> None:
    assert doubt_of_inputs(trained_on(WAYS["unit"]), samples_of(WAYS["raw"][:3])) == ""


def test_a_doubt_is_shown_with_what_the_inputs_look_like() -> None:
    samples = samples_of(WAYS["raw"])
    shown = with_look(doubt_of_inputs(trained_on(WAYS["unit"]), samples), samples)
    assert shown.startswith("inputs are not scaled as in training")
    assert "; they look like pixels of 0 to 255, and would fit as --preprocess unit makes them; x: " in shown
    assert shown.partition("; x: ")[2].startswith("float32, 0 to 255, mean 12")


def classifier_of(weights: Array, shape: tuple[int, ...] = (1, 3, 12, 12)) -> Network:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"]),
    ]
    constants = {"w": weights, "b": np.linspace(0, 8, weights.shape[1], dtype=np.float32)}
    return Network(model_of(nodes, constants, {"x": shape}, {"y": ()}).SerializeToString())


@pytest.mark.parametrize(
    ("classes", "count", "scale", "is_noticed"),
    [(40, 20, 1, False), (40, 20, 1 / 60, True), (19, 20, 1 / 60, False), (40, 15, 1 / 60, False)],
)
def test_answers_that_are_all_alike_are_noticed(
    classes: int, count: int, scale: float, is_noticed: bool
) -> None:
    draw = np.random.default_rng(5)
    network = classifier_of(draw.normal(0, 0.005, (432, classes)).astype(np.float32))
    doubt = doubt_of_inputs(network, samples_of((PIXELS - 117)[:count] * scale))
    assert doubt.startswith("the model's outputs are nearly the same for all") is is_noticed
    assert is_noticed or doubt == ""


@pytest.mark.parametrize(("scale", "is_noticed"), [(1, False), (255, True)])
def test_answers_without_any_doubt_are_noticed(scale: int, is_noticed: bool) -> None:
    weights = np.random.default_rng(5).normal(0, 0.05, (432, 40)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["g"]),
        helper.make_node("Softmax", ["g"], ["y"]),
    ]
    model = model_of(nodes, {"w": weights}, {"x": (1, 3, 12, 12)}, {"y": ()})
    doubt = doubt_of_inputs(Network(model.SerializeToString()), samples_of(WAYS["tf"] * scale * 4))
    assert doubt.startswith("the model's answers are without any doubt") is is_noticed


def test_answers_of_a_fixed_batch_are_counted_by_their_samples() -> None:
    draw = np.random.default_rng(5)
    network = classifier_of(draw.normal(0, 0.005, (432, 40)).astype(np.float32), (5, 3, 12, 12))
    alike = samples_of((PIXELS - 117).reshape(4, 5, 3, 12, 12) / 60)
    assert doubt_of_inputs(network, alike).endswith("nats)")

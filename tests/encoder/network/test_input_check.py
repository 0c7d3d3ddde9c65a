"""Samples of a wrong scale are noticed, right ones are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import pytest
from nntc.encoder.network import Network
from nntc.encoder.network.input_check import doubt_of_inputs, remarks_on
from nntc.encoder.samples import Array, Samples
from onnx import helper

from tests.networks import heavy, model_of

MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(1, 3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(1, 3, 1, 1)
PIXELS: Array = np.random.default_rng(1).integers(0, 256, (20, 1, 3, 12, 12)).astype(np.float32)
WAYS: dict[str, Array] = {
    "raw": PIXELS,
    "unit": PIXELS / 255,
    "tf": PIXELS / 127.5 - 1,
    "imagenet": (PIXELS / 255 - MEAN) / STD,
    "caffe": PIXELS - 117,
}


def network_of(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, Array]) -> Network:
    weights = {"w": heavy(np.random.default_rng(2), 16, 3, 3, 3, scale=0.2), **constants}
    return Network(model_of(nodes, dict(weights), {"x": (1, 3, 12, 12)}, {"y": ()}).SerializeToString())


def samples_of(values: Array, name: str = "x") -> Samples:
    return Samples([{name: np.ascontiguousarray(value, np.float32)} for value in values])


def trained_on(values: Array) -> Network:
    """Return a network whose batch normalization has seen images, as it would in training."""
    convolve = [helper.make_node("Conv", ["x", "w"], ["c"], name="conv")]
    plain = network_of([*convolve, helper.make_node("Identity", ["c"], ["y"])], {})
    found = np.concatenate([out[0] for out in plain.compute(["c"], list(samples_of(values)))])
    ones = np.ones(16, np.float32)
    constants = {
        "s": ones,
        "b": 0 * ones,
        "m": found.mean((0, 2, 3)) * np.float32(1.1),
        "v": found.var((0, 2, 3)) * np.float32(1.15),
    }
    return network_of(
        [*convolve, helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"])], constants
    )


@pytest.mark.parametrize("way", ["raw", "unit", "tf", "imagenet"])
@pytest.mark.parametrize("right", ["imagenet", "unit", "raw", "tf"])
def test_batch_normalization_remembers_the_scale_of_training(right: str, way: str) -> None:
    doubt = doubt_of_inputs(trained_on(WAYS[right]), samples_of(WAYS[way]))
    assert (doubt == "") is (way == right)
    assert way == right or doubt.startswith("inputs are not scaled as in training")


def test_a_shift_alone_is_noticed() -> None:
    found = doubt_of_inputs(trained_on(PIXELS / 255 - 0.5), samples_of(PIXELS / 255 + 2))
    assert "standard deviations away" in found


def scaling(operators: Sequence[tuple[str, Array]]) -> Network:
    nodes, last = [], "x"
    for number, (operator, _) in enumerate(operators):
        nodes.append(helper.make_node(operator, [last, f"k{number}"], [f"t{number}"]))
        last = f"t{number}"
    nodes.append(helper.make_node("Conv", [last, "w"], ["y"]))
    return network_of(nodes, {f"k{n}": value for n, (_, value) in enumerate(operators)})


NUMBER = np.float32


@pytest.mark.parametrize(
    ("operators", "right"),
    [
        ([("Sub", 255 * MEAN), ("Div", 255 * STD)], "raw"),
        ([("Mul", NUMBER(1 / 127.5)), ("Add", NUMBER(-1))], "raw"),
        ([("Sub", MEAN), ("Div", STD)], "unit"),
        ([("Div", NUMBER(255))], "raw"),
        ([("Sub", NUMBER(117))], "raw"),
    ],
)
def test_a_networks_own_scaling_says_what_it_wants(
    operators: Sequence[tuple[str, Array]], right: str
) -> None:
    network = scaling([(name, np.asarray(value, np.float32)) for name, value in operators])
    assert doubt_of_inputs(network, samples_of(WAYS[right])) == ""
    wrong = "unit" if right == "raw" else "raw"
    assert "that the model scales itself" in doubt_of_inputs(network, samples_of(WAYS[wrong]))


def test_few_samples_and_untrained_normalizations_raise_no_doubt() -> None:
    assert doubt_of_inputs(trained_on(WAYS["unit"]), samples_of(WAYS["raw"][:3])) == ""
    ones = np.ones(16, np.float32)
    untrained = network_of(
        [
            helper.make_node("Conv", ["x", "w"], ["c"]),
            helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"]),
        ],
        {"s": ones, "b": 0 * ones, "m": 0 * ones, "v": ones},
    )
    assert doubt_of_inputs(untrained, samples_of(WAYS["raw"])) == ""


def test_a_remark_shows_what_the_inputs_look_like() -> None:
    samples = Samples(list(samples_of(WAYS["raw"])), ["2 files were left out"])
    remarks = remarks_on(trained_on(WAYS["unit"]), samples, "calibration")
    assert remarks[0] == "2 files were left out"
    assert remarks[1].startswith("check the calibration samples: inputs are not scaled as in training")
    assert "; x: float32, 0 to 255, mean 12" in remarks[1]
    assert remarks_on(trained_on(WAYS["unit"]), samples_of(WAYS["unit"]), "calibration") == ()


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


def test_answers_of_a_fixed_batch_are_counted_by_their_samples() -> None:
    draw = np.random.default_rng(5)
    network = classifier_of(draw.normal(0, 0.005, (432, 40)).astype(np.float32), (5, 3, 12, 12))
    alike = samples_of((PIXELS - 117).reshape(4, 5, 3, 12, 12) / 60)
    assert doubt_of_inputs(network, alike).endswith("nats)")

"""Numbers that a network stores about the scale of its inputs contradict wrong ones, and no right ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from nntc.encoder.network import Network
from nntc.encoder.network.stored_scale import Misfit, misfit
from nntc.encoder.samples import Array
from onnx import helper

from tests.encoder.network.scales import MEAN, PIXELS, STD, WAYS, network_of, samples_of, trained_on


@pytest.mark.parametrize("way", ["raw", "unit", "tf", "imagenet"])
@pytest.mark.parametrize("right", ["imagenet", "unit", "raw", "tf"])
def test_batch_normalization_remembers_the_scale_of_training(right: str, way: str) -> None:
    found = misfit(trained_on(WAYS[right]), samples_of(WAYS[way]))
    assert (found.contradiction == "") is (way == right)
    assert way == right or found.contradiction.startswith("inputs are not scaled as in training")
    assert (found.distance < 0.5) is (way == right)


def test_a_shift_alone_is_noticed() -> None:
    found = misfit(trained_on(PIXELS / 255 - 0.5), samples_of(PIXELS / 255 + 2))
    assert "standard deviations away" in found.contradiction


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
    assert misfit(network, samples_of(WAYS[right])) == Misfit()
    wrong = "unit" if right == "raw" else "raw"
    assert "that the model scales itself" in misfit(network, samples_of(WAYS[wrong])).contradiction


@pytest.mark.parametrize(("scale", "is_noticed"), [(1.0, False), (60.0, True)])
@pytest.mark.parametrize("bound", [6.0, 9.0])
def test_a_relu6_at_its_bound_shows_inputs_that_are_too_large(
    bound: float, scale: float, is_noticed: bool
) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Clip", ["c", "low", "high"], ["y"]),
    ]
    network = network_of(nodes, {"low": np.array(0, np.float32), "high": np.array(bound, np.float32)})
    found = misfit(network, samples_of(WAYS["imagenet"] * scale)).contradiction
    assert found.endswith("behind the first ReLU6 are at its upper bound") is (is_noticed and bound == 6)
    assert found == "" or found.startswith("inputs are too large: ")


def test_normalizations_that_were_never_trained_contradict_nothing() -> None:
    ones = np.ones(16, np.float32)
    untrained = network_of(
        [
            helper.make_node("Conv", ["x", "w"], ["c"]),
            helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"]),
        ],
        {"s": ones, "b": 0 * ones, "m": 0 * ones, "v": ones},
    )
    assert misfit(untrained, samples_of(WAYS["raw"])) == Misfit()

"""The likely mistake in the preprocessing of images is named."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.network import Network
from nntc.encoder.network.likely import likely_preprocess
from nntc.encoder.samples import PRESETS, Array, Samples
from onnx import helper

from tests.encoder.network.scales import PIXELS, WAYS, network_of, samples_of, trained_on

IMAGENET = PRESETS["imagenet"]
TWICE = (PIXELS - np.reshape(IMAGENET.mean, (3, 1, 1))) / np.reshape(IMAGENET.std, (3, 1, 1))


@pytest.mark.parametrize(
    ("values", "look"),
    [
        (WAYS["raw"], "pixels of 0 to 255"),
        (WAYS["unit"], "pixels of 0 to 1"),
        (WAYS["unit"] / 255, "pixels divided by 255 twice"),
        (TWICE, "ImageNet's mean and deviation applied to pixels of 0 to 255"),
    ],
)
def test_what_images_look_like_is_told_with_what_would_fit(values: Array, look: str) -> None:
    said = likely_preprocess(trained_on(WAYS["tf"]), samples_of(values))
    assert said == f"; they look like {look}, and would fit as --preprocess tf makes them"


@pytest.mark.parametrize("right", ["raw", "unit", "tf", "imagenet"])
def test_what_would_fit_is_found(right: str) -> None:
    wrong = "unit" if right == "raw" else "raw"
    said = likely_preprocess(trained_on(WAYS[right]), samples_of(WAYS[wrong]))
    assert said.partition("would fit as --preprocess ")[2].split()[0] == right


def test_what_does_not_come_from_pixels_is_not_guessed_at() -> None:
    network = trained_on(WAYS["tf"])
    noise = np.random.default_rng(1).normal(0, 3, PIXELS.shape)
    assert likely_preprocess(network, samples_of(noise)) == ""


def test_where_nothing_would_fit_the_look_is_told_alone() -> None:
    said = likely_preprocess(trained_on(WAYS["unit"] / 1e4), samples_of(WAYS["raw"]))
    assert said == "; they look like pixels of 0 to 255"


@pytest.mark.parametrize("shape", [(1, 432), (1, 4, 9, 12)])
def test_only_images_of_one_or_three_colours_are_looked_at(shape: tuple[int, ...]) -> None:
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    network: Network = network_of(nodes, {})
    assert likely_preprocess(network, Samples([{"x": np.ones(shape, np.float32)}] * 4)) == ""

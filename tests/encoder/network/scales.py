"""Images scaled in several ways, and networks that remember one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from nntc.encoder.network import Network
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
    return Network(serialized(nodes, constants))


def serialized(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, Array]) -> bytes:
    weights = {"w": heavy(np.random.default_rng(2), 16, 3, 3, 3, scale=0.2), **constants}
    model = model_of(nodes, dict(weights), {"x": (1, 3, 12, 12)}, {"y": ()})
    return bytes(model.SerializeToString())


def samples_of(values: Array, name: str = "x") -> Samples:
    return Samples([{name: np.ascontiguousarray(value, np.float32)} for value in values])


def trained_on(values: Array) -> Network:
    """Return a network whose batch normalization has seen images, as it would in training."""
    return Network(model_trained_on(values))


def model_trained_on(values: Array) -> bytes:
    """Return such a network as an ONNX model."""
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
    return serialized(
        [*convolve, helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["y"])], constants
    )

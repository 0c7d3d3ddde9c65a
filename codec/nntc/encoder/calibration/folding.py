"""Fold batch normalizations into the convolutions before them, keeping every tensor and its place.

A convolution and the normalization after it hold the same scale twice: weights, running mean, variance and
scale may be changed together without changing what the network computes. Here all of it goes into the
weights, and the shift into the normalization's bias. Scale, mean and variance become 1, 0 and 1, which cost
nothing to code, and rows of weights are then as large as their effect.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx

from nntc.encoder.network.network import Network
from nntc.encoder.network.subgraph import Node
from nntc.encoder.samples import Array
from nntc.onnx.operators import is_operator
from nntc.onnx.tensor import Path

_EPSILON = 1e-5  # BatchNormalization's default
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_PARAMETERS = range(1, 5)  # scale, bias, mean, variance


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """Normalizations folded into weights.

    Parameters
    ----------
    values
        New values of tensors, by path.
    biases
        For the weights among them the tensor that is now their output bias.
    """

    values: Mapping[Path, Array] = field(default_factory=dict)
    biases: Mapping[Path, Path] = field(default_factory=dict)


def fold_normalizations(network: Network, may_change: Container[Path]) -> Folding:
    """Return the normalizations of a network that can be folded.

    Only what is used once is changed, in the main graph: convolutions whose output goes to a normalization
    alone.

    Parameters
    ----------
    may_change
        Tensors that may be changed.
    """
    constants = {
        (use.node, use.input): path
        for path, uses in network.uses.items()
        if len(uses) == 1 and path in network.names and path in may_change
        for use in uses
    }
    readers: dict[str, int] = dict.fromkeys(network.outputs, 2)
    for node in network.nodes:
        for name in node.reads():
            readers[name] = readers.get(name, 0) + 1
    convolutions = {
        node.proto.output[0]: node
        for node in network.nodes
        if is_operator(node.proto, "Conv") and readers.get(node.proto.output[0]) == 1
    }
    values: dict[Path, Array] = {}
    biases: dict[Path, Path] = {}
    for node in network.nodes:
        before = (
            convolutions.get(node.proto.input[0]) if is_operator(node.proto, "BatchNormalization") else None
        )
        if before is None or not _is_plain(node.proto):
            continue
        folded = _fold(network, before, node, constants)
        if folded is not None:
            values |= folded
            biases[constants[before.path, 1]] = constants[node.path, 2]
    return Folding(values, biases)


def _is_plain(node: onnx.NodeProto) -> bool:
    """Return whether a normalization uses its running mean and variance, one for each channel."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    in_training = "training_mode" in attributes and attributes["training_mode"].i != 0
    per_element = "spatial" in attributes and attributes["spatial"].i == 0
    return not in_training and not per_element and "is_test" not in attributes and len(node.input) == 5


def _fold(
    network: Network, convolution: Node, normalization: Node, constants: Mapping[tuple[Path, int], Path]
) -> dict[Path, Array] | None:
    """Return the new values of the tensors of both nodes, None if they cannot be folded."""
    has_bias = len(convolution.proto.input) > 2 and convolution.proto.input[2] != ""
    places = [(convolution.path, 1), *((normalization.path, i) for i in _PARAMETERS)]
    if has_bias:
        places.append((convolution.path, 2))
    if any(place not in constants for place in places):
        return None
    paths = [constants[place] for place in places]
    arrays = [network.constants[network.names[path]] for path in paths]
    weights = arrays[0]
    wide = [array.astype(np.float64) for array in arrays]
    if any(array.dtype not in _FLOATS or array.dtype != weights.dtype for array in arrays) or any(
        array.shape != (len(weights),) for array in arrays[1:]
    ):
        return None
    epsilon = next(
        (attribute.f for attribute in normalization.proto.attribute if attribute.name == "epsilon"), _EPSILON
    )
    kernel, scale, shift, mean, variance = wide[:5]
    with np.errstate(all="ignore"):
        gain = scale / np.sqrt(variance + epsilon)
        bias = wide[5] if has_bias else np.zeros(len(weights))
        ones = np.ones_like(mean)
        new = [
            kernel * gain.reshape(-1, *[1] * (kernel.ndim - 1)),
            ones,
            shift + gain * (bias - mean),
            0 * ones,
            (1 - epsilon) * ones,
            0 * ones,
        ]
        rounded = [value.astype(weights.dtype) for value, _ in zip(new, paths, strict=False)]
    if not all(np.isfinite(value).all() for value in rounded):
        return None
    return dict(zip(paths, rounded, strict=True))

"""Numbers that a network stores about the scale of its inputs, and how far samples are from them.

A batch normalization has mean and variance of what it saw in training. Where a network scales its inputs
itself, its first constants say what range they have. Where normalizations have become part of the weights,
the bounds of ReLU6 are left. Inputs of a wrong scale contradict one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from nntc.encoder.network.network import Network
from nntc.encoder.network.subgraph import Node
from nntc.encoder.samples import Array, Samples
from nntc.onnx.operators import Operand, operator_of

_LEAST_VALUES = 64
"""Values of a channel: fewer have no variance to speak of."""
_FACTOR = 3.0
"""Between variances of samples and those of training. Images for ImageNet have 0.5 to 1.3 times them; 0..1 in
the place of -1..1 makes it 4, other wrong preprocessings 20 and more."""
_SHIFT = 1.0
"""Standard deviations between means of samples and those of training; right images have 0.05 to 0.4."""
_OFF = 4.0
"""Standard deviations that the mean of scaled inputs may be from zero."""
_LARGE, _SMALL = 30.0, 0.01
"""Root mean square of scaled inputs."""
_RELU6 = (0.0, 6.0)
_AT_BOUND = 0.1
"""Part of a ReLU6's outputs that is at its upper bound: under 0.001 at the first one of MobileNetV2 on right
images, 0.22 on those that are 60 times too large."""
_TINY = 1e-12
_SCALING = ("Add", "Div", "Mul", "Sub")
_MOVING = ("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
_MOST_CHANNELS = 4
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Misfit:
    """How far samples are from what a network stores about the scale of its inputs.

    Parameters
    ----------
    distance
        0 if they are as in training, or nothing is stored; larger the farther, without a unit.
    contradiction
        What is contradicted, for people; "" if nothing is.
    """

    distance: float = 0.0
    contradiction: str = ""


def misfit(network: Network, samples: Samples, jobs: int = 1) -> Misfit:
    """Return how far samples are from what a network stores about the scale of its inputs.

    Parameters
    ----------
    network
        The network as it was given, normalizations not folded.
    samples
        Its inputs; all of them are run.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    with np.errstate(all="ignore"):  # what overflows is far from any scale of training
        contradiction = _contradicted_scaling(network, samples, jobs) or _contradicted_bound(
            network, samples, jobs
        )
        if contradiction:
            return Misfit(np.inf, contradiction)
        return _misfit_of_normalization(network, samples, jobs)


def _misfit_of_normalization(network: Network, samples: Samples, jobs: int) -> Misfit:
    """Compare what reaches the first batch normalization with what it saw in training."""
    node = next((node for node in _varying(network) if _is_normalization(node.proto, network)), None)
    if node is None:
        return Misfit()
    mean, variance = (network.constants[name].astype(np.float64) for name in node.proto.input[3:5])
    if np.ptp(mean) == 0 and np.ptp(variance) == 0:
        return Misfit()  # as they are before training
    values = [found[0] for found in network.compute([node.proto.input[0]], samples, jobs)]
    count, own_mean, own_variance = _moments(values)
    is_alive = (variance > _TINY) & (own_variance > _TINY)
    if count < _LEAST_VALUES or not is_alive.any():
        return Misfit()
    factor = float(np.exp(np.median(np.log(own_variance[is_alive] / variance[is_alive]))))
    shift = float(np.median(np.abs(own_mean - mean)[is_alive] / np.sqrt(variance[is_alive])))
    what = ""
    if not 1 / _FACTOR < factor < _FACTOR:
        what = f"variances are {_factor_text(factor)} times those of training"
    elif shift > _SHIFT:
        what = f"means are {shift:,.3g} standard deviations away from those of training"
    if what:
        what = f"inputs are not scaled as in training: at the first batch normalization {what}"
    return Misfit(abs(float(np.log(factor))) + shift, what)


def _contradicted_scaling(network: Network, samples: Samples, jobs: int) -> str:
    """Look at what a network's own scaling at its beginning makes of the inputs."""
    for entry in network.inputs:
        if entry.shape is None or len(entry.shape) < 3:
            continue
        name, operators = _scaled(network, entry.name)
        if not operators:
            continue
        values = np.concatenate(
            [found[0].ravel().astype(np.float64) for found in network.compute([name], samples, jobs)]
        )
        mean, std = values.mean(), values.std()
        power = float(np.sqrt(np.mean(np.square(values))))
        is_shifted = not {"Add", "Sub"}.isdisjoint(operators)
        is_scaled = not {"Div", "Mul"}.isdisjoint(operators)
        if is_shifted and abs(mean) > _OFF * std:
            what = f"their mean comes to {mean:.3g} with a standard deviation of {std:.3g}"
        elif is_scaled and (power > _LARGE or power < _SMALL):
            what = f"they come to {values.min():.3g} to {values.max():.3g}"
        else:
            continue
        after = ", ".join(operators)
        return f"inputs are not of the range that the model scales itself: after {after} {what}"
    return ""


def _contradicted_bound(network: Network, samples: Samples, jobs: int) -> str:
    """Look at how much of the first ReLU6's outputs is at its upper bound."""
    node = next((node for node in _varying(network) if _is_relu6(node.proto, network)), None)
    if node is None:
        return ""
    values = [found[0].ravel() for found in network.compute([node.proto.output[0]], samples, jobs)]
    part = float(np.mean(np.concatenate(values) >= _RELU6[1]))
    if part <= _AT_BOUND:
        return ""
    return f"inputs are too large: {part:.0%} of the values behind the first ReLU6 are at its upper bound"


def _is_relu6(proto: onnx.NodeProto, network: Network) -> bool:
    """Return whether a node clips to 0..6."""
    if proto.op_type != "Clip":
        return False
    given = {a.name: a.f for a in proto.attribute}  # as up to opset 6
    bounds = [given.get("min"), given.get("max")]
    for place, name in enumerate(proto.input[1:3]):
        if name in network.constants:
            bounds[place] = float(network.constants[name])
    return tuple(bounds) == _RELU6


def _scaled(network: Network, name: str) -> tuple[str, list[str]]:
    """Return what an input has become after the network's own scaling, and the operators of that."""
    operators: list[str] = []
    for node in network.nodes:
        proto = node.proto
        if name not in proto.input:
            continue
        others = [other for other in proto.input if other != name]
        if proto.op_type in _SCALING and len(proto.input) == 2 and _are_few(others, network):
            operators.append(proto.op_type)
        elif proto.op_type not in _MOVING:
            break
        name = proto.output[0]
    return name, operators


def _are_few(names: list[str], network: Network) -> bool:
    """Return whether a constant is a number, or one for each channel."""
    constants = [network.constants[name] for name in names if name in network.constants]
    return len(constants) == len(names) == 1 and constants[0].size <= _MOST_CHANNELS


def _varying(network: Network) -> list[Node]:
    """Return the nodes that depend on the network's inputs, in order."""
    varying = {entry.name for entry in network.inputs}
    nodes = []
    for node in network.nodes:
        if not varying.isdisjoint(node.reads()):
            nodes.append(node)
            varying.update(node.proto.output)
    return nodes


def _is_normalization(proto: onnx.NodeProto, network: Network) -> bool:
    """Return whether a node normalizes by stored statistics."""
    operator = operator_of(proto)
    moments = [*operator.places(Operand.MEAN), *operator.places(Operand.VARIANCE)]
    is_training = any(a.name == "training_mode" and a.i for a in proto.attribute)
    return bool(moments) and not is_training and all(proto.input[i] in network.constants for i in moments)


def _moments(values: list[Array]) -> tuple[int, Array, Array]:
    """Return how many values channels have, and their means and variances; channels are the second axis."""
    channels = [np.moveaxis(v, 1, 0).reshape(v.shape[1], -1).astype(np.float64) for v in values]
    together = np.concatenate(channels, axis=1)
    return together.shape[1], together.mean(axis=1), together.var(axis=1)


def _factor_text(factor: float) -> str:
    """Return a factor with three digits that count."""
    return f"{factor:,.0f}" if factor > _THOUSAND else f"{factor:.3g}"

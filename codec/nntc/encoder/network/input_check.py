"""Doubts about samples: whether inputs are scaled as a network was trained.

A batch normalization has stored mean and variance of what it saw in training. Where a network scales its
inputs itself, its first constants say what range they have. Inputs of a wrong scale contradict one of them.
Where neither is there, answers show it: those of a classifier to inputs of a far too small scale are alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import OutputForm, OutputKind, log_distribution
from nntc.encoder.network.subgraph import Node
from nntc.encoder.samples import Array, Samples
from nntc.encoder.samples.summary import summarize
from nntc.onnx.operators import Operand, operator_of

_RUN = 16
"""Samples that are run."""
_LEAST_RUN = 4
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
_LEAST_CLASSES = 20
_LEAST_INFORMATION, _LEAST_UNDECIDED = 0.5, 1.0
"""Nats that answers to `_RUN` samples tell about which sample it was, log 16 = 2.8 at most; more are needed
of answers that decide little. Three networks for ImageNet have 2.6 to 2.8 on right images, SqueezeNet 0.05 to
0.35 and GoogLeNet 0.02 to 0.84 on those that are 60 to 255 times too small."""
_UNDECIDED = 2.0
"""Nats of entropy in an answer; the networks have 1.2 on right images at most, 3.3 to 4 on those."""
_TINY = 1e-12
_SCALING = ("Add", "Div", "Mul", "Sub")
_MOVING = ("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
_MOST_CHANNELS = 4
_THOUSAND = 1000


def doubt_of_inputs(network: Network, samples: Samples, jobs: int = 1) -> str:
    """Return why samples cannot be what the network was trained on, "" where no reason is found.

    Parameters
    ----------
    network
        The network as it was given, normalizations not folded.
    samples
        Its inputs; some of them are run.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    if len(samples) < _LEAST_RUN:
        return ""
    some = samples[:: max(len(samples) // _RUN, 1)][:_RUN]
    with np.errstate(all="ignore"):  # what overflows is far from any scale of training
        return (
            _doubt_of_scaling(network, some, jobs)
            or _doubt_of_normalization(network, some, jobs)
            or _doubt_of_answers(network, some, jobs)
        )


def remarks_on(network: Network, samples: Samples, kind: str, *, jobs: int = 1) -> tuple[str, ...]:
    """Return what the user should know about samples: where they come from, and whether they are doubtful.

    Parameters
    ----------
    kind
        What the samples are for, such as `calibration`.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    doubt = doubt_of_inputs(network, samples, jobs)
    if not doubt:
        return samples.remarks
    look = "; ".join(summary.text for summary in summarize(samples))
    return (*samples.remarks, f"check the {kind} samples: {doubt}; {look}")


def _doubt_of_normalization(network: Network, samples: Samples, jobs: int) -> str:
    """Compare what reaches the first batch normalization with what it saw in training."""
    node = next((node for node in _varying(network) if _is_normalization(node.proto, network)), None)
    if node is None:
        return ""
    mean, variance = (network.constants[name].astype(np.float64) for name in node.proto.input[3:5])
    if np.ptp(mean) == 0 and np.ptp(variance) == 0:
        return ""  # as they are before training
    values = [found[0] for found in network.compute([node.proto.input[0]], samples, jobs)]
    count, own_mean, own_variance = _moments(values)
    is_alive = (variance > _TINY) & (own_variance > _TINY)
    if count < _LEAST_VALUES or not is_alive.any():
        return ""
    factor = float(np.exp(np.median(np.log(own_variance[is_alive] / variance[is_alive]))))
    shift = float(np.median(np.abs(own_mean - mean)[is_alive] / np.sqrt(variance[is_alive])))
    what = ""
    if not 1 / _FACTOR < factor < _FACTOR:
        what = f"variances are {_factor_text(factor)} times those of training"
    elif shift > _SHIFT:
        what = f"means are {shift:,.3g} standard deviations away from those of training"
    return what and f"inputs are not scaled as in training: at the first batch normalization {what}"


def _doubt_of_answers(network: Network, samples: Samples, jobs: int) -> str:
    """Look at how much a classifier's answers tell about which sample it was."""
    reference = Reference(network, samples, jobs=jobs)
    information = []
    for form, values in zip(reference.forms, zip(*reference.outputs, strict=True), strict=True):
        answers = sum(len(value) for value in values if value.ndim)
        if _is_classifier(form, values) and answers >= _RUN:
            information.append(_information(form, values))
    if not information or any(
        found >= (_LEAST_UNDECIDED if entropy > _UNDECIDED else _LEAST_INFORMATION)
        for found, entropy in information
    ):
        return ""
    return (
        "the model's outputs are nearly the same for all inputs, so these are not scaled as in training, "
        f"or alike (mutual information {max(information)[0]:.2g} nats)"
    )


def _is_classifier(form: OutputForm, values: Sequence[Array]) -> bool:
    """Return whether an output is one distribution over many classes for each sample."""
    kinds = (OutputKind.LOGITS, OutputKind.PROBABILITIES)
    return form.kind in kinds and all(
        value.ndim > 1
        and value.shape[form.axis] >= _LEAST_CLASSES
        and value.size == value.shape[0] * value.shape[form.axis]
        for value in values
    )


def _information(form: OutputForm, values: Sequence[Array]) -> tuple[float, float]:
    """Return what answers tell about samples, and their mean entropy, both in nats.

    The former is the mutual information: the entropy of the mean distribution less the mean entropy.
    """
    logs = [log_distribution(form, value) for value in values]
    logarithms = np.concatenate([log.reshape(-1, log.shape[-1]) for log in logs])
    chances = np.exp(logarithms)
    mean = chances.mean(axis=0)
    entropy = -float((chances * logarithms).sum(axis=1).mean())
    return -float((mean * np.log(np.maximum(mean, _TINY))).sum()) - entropy, entropy


def _factor_text(factor: float) -> str:
    """Return a factor with three digits that count."""
    return f"{factor:,.0f}" if factor > _THOUSAND else f"{factor:.3g}"


def _doubt_of_scaling(network: Network, samples: Samples, jobs: int) -> str:
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

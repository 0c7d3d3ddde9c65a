"""Forms of outputs: distributions, logarithms of those, or numbers; told from graph and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.encoder.network.network import Network
from nntc.encoder.samples import Array
from nntc.onnx.operators import Trait, is_operator, operator_of

Floats = NDArray[np.float64]
TINY = float(np.finfo(np.float32).tiny)
"""Least power and probability that count."""
_CLOSE = 1e-3  # sums of float16 probabilities are off by less
_FLAT = 0.9


class OutputKind(Enum):
    """What an output is."""

    PROBABILITIES = "distribution over classes"
    LOGITS = "logarithms of one, up to a constant"
    CHANCES = "probability of each of some classes (sigmoid)"
    VALUES = "numbers"
    INTEGERS = "integers"


@dataclass(frozen=True, slots=True)
class OutputForm:
    """What an output is and which of its axes are the classes, counted from the end (-1 is the last)."""

    kind: OutputKind
    axis: int = -1


def log_distribution(form: OutputForm, output: Array) -> Floats:
    """Return logarithms of probabilities, classes last; of sigmoid outputs (..., classes, yes and no)."""
    values = np.moveaxis(output.astype(np.float64), form.axis, -1)
    finite = np.isfinite(values).all(axis=-1, keepdims=True)
    if form.kind is OutputKind.LOGITS:
        return _normalized(np.where(finite, values, 0.0))
    if form.kind is OutputKind.CHANCES:
        values = np.where(np.isfinite(values), values, 0.5)
        values = np.stack([values, 1 - values], axis=-1)
        return np.log(np.clip(values, 1e-7, 1.0))  # sigmoids in float32 come no nearer to 1
    values = np.where(finite, values, 1.0)
    return _normalized(np.log(np.maximum(values, TINY)))


def _normalized(logits: Floats) -> Floats:
    """Return logits shifted so that their exponentials sum to one."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    shifted: Floats = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return shifted


def output_forms(network: Network, outputs: Sequence[Sequence[Array]]) -> list[OutputForm]:
    """Tell what each output of a network is, from its values for each batch and from the graph."""
    with np.errstate(all="ignore"):
        return [
            _form(network, name, [values[index] for values in outputs])
            for index, name in enumerate(network.outputs)
        ]


def _form(network: Network, name: str, outputs: list[Array]) -> OutputForm:
    """Tell what an output is from its values, and from the nodes that it comes from."""
    first = np.asarray(outputs[0])
    if first.dtype.kind != "f":
        return OutputForm(OutputKind.INTEGERS)
    axes = [-1] if first.ndim <= 2 else [-1, 1 - first.ndim]
    for axis in axes:
        if first.ndim and first.shape[axis] > 1:
            if all(_sums_to_one(values, axis) for values in outputs):
                return OutputForm(OutputKind.PROBABILITIES, axis)
            with np.errstate(over="ignore"):
                if all(_sums_to_one(np.exp(values), axis) for values in outputs):
                    return OutputForm(OutputKind.LOGITS, axis)
    last = _last_node(network, name)
    classes = 1 - first.ndim if first.ndim > 1 else -1
    if last is not None and is_operator(last, "Sigmoid") and first.ndim:
        return OutputForm(OutputKind.CHANCES, classes)
    is_vector = first.ndim > 1 and first.shape[classes] > 1 and first[0].size == first.shape[classes]
    if last is not None and operator_of(last).has(Trait.LINEAR) and is_vector:
        form = OutputForm(OutputKind.LOGITS, classes)
        distributions = [log_distribution(form, values) for values in outputs]
        entropy = np.mean([-(np.exp(p) * p).sum(axis=-1).mean() for p in distributions])
        # Logits of a trained network decide; the softmax of other numbers is often nearly flat.
        if entropy < _FLAT * np.log(first.shape[classes]):
            return form
    return OutputForm(OutputKind.VALUES)


def _sums_to_one(values: Array, axis: int) -> bool:
    return bool(values.min(initial=0) >= 0 and np.allclose(values.sum(axis=axis), 1, atol=_CLOSE))


def _last_node(network: Network, name: str) -> onnx.NodeProto | None:
    """Return the node that an output comes from, past those that only move, shift or pool values."""
    producers = {output: node.proto for node in network.nodes for output in node.proto.output}
    pooled = False
    node: onnx.NodeProto | None = producers.get(name)
    while node is not None:
        operator = operator_of(node)
        pooled |= operator.has(Trait.AVERAGES)
        # A rectifier before a pooling layer cuts what will be logits; after it, it makes features.
        passes = operator.has(Trait.MOVES | Trait.AFFINE | Trait.AVERAGES)
        if not passes and not (is_operator(node, "Relu") and pooled):
            return node
        node = next((producers[source] for source in node.input if source in producers), None)
    return None

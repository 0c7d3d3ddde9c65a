"""Inputs of nodes, as the graph tells of them: those that share a mean, those that are the model's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from math import prod
from typing import Generic, TypeVar

import numpy as np
import onnx
from onnx import numpy_helper

from nntc.onnx.operators import Trait, is_operator, operator_of
from nntc.onnx.tensor import Path

_MAX_DEPTH = 40
_Message = TypeVar("_Message")


class InputKind(Enum):
    """What is known of a node's first input."""

    SHARED_MEAN = "never negative, and normalized or bounded: its channels have about one mean"
    RAW = "input of the model, however passed on"


def input_kinds(model: onnx.ModelProto) -> dict[Path, InputKind]:
    """Return what is known of nodes' first inputs, as far as the graph shows.

    Paths are those of `TensorRole.node`. Subgraphs are looked at by themselves: of what comes from
    outside them nothing is known.
    """
    found: dict[Path, InputKind] = {}
    _look(model.graph, ("graph",), found)
    return found


class _Named(Generic[_Message]):
    """Messages of a graph by name; objects are made of them when they are asked for."""

    def __init__(self, messages: Sequence[_Message], numbers: Iterable[tuple[str, int]]) -> None:
        self._messages = messages
        self._numbers = dict(numbers)

    def get(self, name: str) -> _Message | None:
        number = self._numbers.get(name)
        return None if number is None else self._messages[number]


def _look(graph: onnx.GraphProto, path: Path, found: dict[Path, InputKind]) -> None:
    raw = {value.name for value in graph.input} - {tensor.name for tensor in graph.initializer}
    producers = _Named(graph.node, ((name, i) for i, n in enumerate(graph.node) for name in n.output))
    constants = _Named(graph.initializer, ((t.name, i) for i, t in enumerate(graph.initializer)))
    known: dict[str, bool] = {}
    for index, node in enumerate(graph.node):
        inputs = node.input
        if inputs and inputs[0] in raw:
            found[*path, "node", index] = InputKind.RAW
        elif inputs and _shares_mean(inputs[0], producers, constants, known, 0):
            found[*path, "node", index] = InputKind.SHARED_MEAN
        passes = operator_of(node).has(Trait.MOVES | Trait.POOLS | Trait.AFFINE)
        first = inputs if is_operator(node, "Concat") else inputs[:1]
        if passes and first and raw.issuperset(first):
            raw.update(node.output)
        for number, attribute in enumerate(node.attribute):
            if attribute.HasField("g"):
                _look(attribute.g, (*path, "node", index, "attribute", number, "g"), found)


def _shares_mean(
    name: str,
    producers: _Named[onnx.NodeProto],
    constants: _Named[onnx.TensorProto],
    known: dict[str, bool],
    depth: int,
) -> bool:
    if name in known:
        return known[name]
    node = producers.get(name)
    result = False
    if node is not None and depth < _MAX_DEPTH:

        def look(other: str) -> bool:
            return _shares_mean(other, producers, constants, known, depth + 1)

        source = producers.get(node.input[0]) if node.input else None
        operator = operator_of(node)
        if operator.has(Trait.BOUNDED):
            result = True
        elif is_operator(node, "Clip"):
            result = _least(node, producers, constants) >= 0
        elif is_operator(node, "Relu"):
            result = source is not None and is_operator(source, "BatchNormalization")
        elif operator.has(Trait.COMBINES):
            result = all(look(other) for other in node.input)
        elif operator.has(Trait.MOVES | Trait.POOLS):
            result = bool(node.input) and look(node.input[0])
    known[name] = result
    return result


def _least(
    node: onnx.NodeProto, producers: _Named[onnx.NodeProto], constants: _Named[onnx.TensorProto]
) -> float:
    """Return the lower limit of a Clip node, -infinity where it is not known."""
    for attribute in node.attribute:
        if attribute.name == "min":
            return float(attribute.f)
    if len(node.input) > 1 and node.input[1]:
        tensor = constants.get(node.input[1])
        source = producers.get(node.input[1])
        if tensor is None and source is not None and is_operator(source, "Constant") and source.attribute:
            tensor = source.attribute[0].t
        if tensor is not None and prod(tensor.dims) == 1:
            try:
                return float(np.asarray(numpy_helper.to_array(tensor), np.float64).item())
            except ValueError:  # its data is elsewhere, or was taken out
                return float("-inf")
    return float("-inf")

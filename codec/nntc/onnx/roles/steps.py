"""Steps of a graph: its nodes in order, with what is looked up of each one several times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx

from nntc.onnx.operators import OPERATORS, UNKNOWN, Operator, domain_of, key_of
from nntc.onnx.order import in_order, reads, stand_in_order

FunctionKey = tuple[str, str, str]
"""Domain, name and overload."""


class Step:
    """A node.

    Parameters
    ----------
    index
        Its number in the graph.
    nodes
        Those of the graph.
    shared
        Equal strings and keys are one, this one: graphs have very many.

    Attributes
    ----------
    key, operator
        Its domain and operator, and what is known of that.
    inputs, outputs
        Names, "" for those left out.
    has_attributes
        Whether there is more to it than that.
    """

    __slots__ = ("_nodes", "has_attributes", "index", "inputs", "key", "operator", "outputs")

    def __init__(
        self, index: int, node: onnx.NodeProto, nodes: Sequence[onnx.NodeProto], shared: _Shared
    ) -> None:
        self._nodes = nodes
        self.index = index
        self.key, self.operator = shared.operator(node)
        self.inputs = shared.names(node.input)
        self.outputs = shared.names(node.output)
        self.has_attributes = len(node.attribute) > 0

    @property
    def node(self) -> onnx.NodeProto:
        """The node itself: an object is made of it when it is asked for."""
        return self._nodes[self.index]

    @property
    def function(self) -> FunctionKey:
        """What function it calls, if there is one of that name."""
        return (*self.key, self.node.overload)


class _Shared:
    """One object for equal names and keys."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._operators: dict[tuple[str, str], tuple[tuple[str, str], Operator]] = {}

    def names(self, names: Iterable[str]) -> tuple[str, ...]:
        one = self._names.setdefault
        return tuple([one(name, name) for name in names])

    def operator(self, node: onnx.NodeProto) -> tuple[tuple[str, str], Operator]:
        key = key_of(node)
        found = self._operators.get(key)
        if found is None:
            found = self._operators[key] = key, OPERATORS.get(key, UNKNOWN)
        return found


def steps_of(nodes: Sequence[onnx.NodeProto]) -> list[Step]:
    """Return nodes, each after those that compute its inputs."""
    shared = _Shared()
    steps = [Step(index, node, nodes, shared) for index, node in enumerate(nodes)]
    names = ((reads(step.node) if step.has_attributes else step.inputs, step.outputs) for step in steps)
    if stand_in_order(names):
        return steps
    return [steps[index] for index, _ in in_order(nodes)]


def key_of_function(function: onnx.FunctionProto) -> FunctionKey:
    """Return what nodes call a function by."""
    return domain_of(function), function.name, function.overload

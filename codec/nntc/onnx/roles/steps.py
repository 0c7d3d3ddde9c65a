"""Steps of a graph: its nodes in order, with what is looked up of each one several times."""

from __future__ import annotations

from collections.abc import Sequence

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
    node
        The node itself.

    Attributes
    ----------
    key, operator
        Its domain and operator, and what is known of that.
    inputs, outputs
        Names, "" for those left out.
    has_attributes
        Whether there is more to it than that.
    """

    __slots__ = ("has_attributes", "index", "inputs", "key", "node", "operator", "outputs")

    def __init__(self, index: int, node: onnx.NodeProto) -> None:
        self.index = index
        self.node = node
        self.key = key_of(node)
        self.operator: Operator = OPERATORS.get(self.key, UNKNOWN)
        self.inputs = tuple(node.input)
        self.outputs = tuple(node.output)
        self.has_attributes = bool(node.attribute)

    @property
    def function(self) -> FunctionKey:
        """What function it calls, if there is one of that name."""
        return (*self.key, self.node.overload)


def steps_of(nodes: Sequence[onnx.NodeProto]) -> list[Step]:
    """Return nodes, each after those that compute its inputs."""
    steps = [Step(index, node) for index, node in enumerate(nodes)]
    names = ((reads(step.node) if step.has_attributes else step.inputs, step.outputs) for step in steps)
    if stand_in_order(names):
        return steps
    return [steps[index] for index, _ in in_order(nodes)]


def key_of_function(function: onnx.FunctionProto) -> FunctionKey:
    """Return what nodes call a function by."""
    return domain_of(function), function.name, function.overload

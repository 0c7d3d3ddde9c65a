"""Demand: where the values of a graph go to, found from its outputs backwards.

A table that rows are looked up in may have errors if the rows go into a layer, and must not if they are
compared, counted with or the argument of a sine. Values keep what they are for through everything that works
element by element, moves or pools them; layers and normalizations end it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Flag

import onnx

from nntc.onnx.attributes import integer
from nntc.onnx.elements import is_floating
from nntc.onnx.operators import Operand, Trait, bodies, domain_of, is_operator, operator_of
from nntc.onnx.order import in_order

_PASSING = Trait.MOVES | Trait.POOLS | Trait.ELEMENTWISE | Trait.AFFINE | Trait.COMBINES
_LAYER_INPUTS = (Operand.INPUT, Operand.LEFT, Operand.RIGHT, Operand.PRODUCT)
_MAX_DEPTH = 100

FunctionKey = tuple[str, str, str]


class Demand(Flag):
    """What becomes of a value."""

    NONE = 0
    LAYER = 1
    """It goes into a layer or a normalization."""
    EXACT = 2
    """It goes where a small change may change everything: comparisons, indices, sines."""
    COUNTED = 4
    """It is more than compared: it is an index, a size or an angle."""


class Demands:
    """Finds demands; functions are looked into once for each demand of their outputs.

    Parameters
    ----------
    functions
        The model's functions by domain, name and overload.
    """

    def __init__(self, functions: Mapping[FunctionKey, onnx.FunctionProto]) -> None:
        self._functions = functions
        self._called: dict[tuple[FunctionKey, tuple[Demand, ...]], list[Demand]] = {}

    def of_graph(
        self, nodes: Sequence[onnx.NodeProto], given: Mapping[str, Demand], depth: int = 0
    ) -> dict[str, Demand]:
        """Return the demand of every name that nodes read, those of names around their graph included.

        Parameters
        ----------
        nodes
            In any order.
        given
            Demand of outputs, by name.
        depth
            Of nested graphs and calls.
        """
        demands = dict(given)
        if depth > _MAX_DEPTH:
            return demands
        for _, node in reversed(in_order(nodes)):
            outputs = [demands.get(name, Demand.NONE) for name in node.output]
            for name, demand in zip(node.input, self._of_inputs(node, outputs, depth), strict=True):
                if name:
                    demands[name] = demands.get(name, Demand.NONE) | demand
            for body in bodies(node):
                # What a body puts out is, output for output, what its If node does.
                names = [value.name for value in body.output]
                is_branch = is_operator(node, "If")
                ends = dict(zip(names, outputs, strict=False)) if is_branch else {}
                for name, demand in self.of_graph(body.node, ends, depth + 1).items():
                    demands[name] = demands.get(name, Demand.NONE) | demand
        return demands

    def _of_inputs(self, node: onnx.NodeProto, outputs: list[Demand], depth: int) -> list[Demand]:
        key = domain_of(node), node.op_type, node.overload
        if key in self._functions:
            found = self._of_call(key, tuple(outputs), depth)
            return [*found, *[Demand.NONE] * len(node.input)][: len(node.input)]
        operator = operator_of(node)
        passed = Demand.NONE
        if operator.has(_PASSING) or is_operator(node, "Gather"):
            for demand in outputs:
                passed |= demand
        exact = Demand.EXACT if operator.has(Trait.DECIDES) else Demand.EXACT | Demand.COUNTED
        if operator.has(Trait.EXACTING) or is_cast_to_integers(node):
            passed = exact
        found = []
        for index in range(len(node.input)):
            operand = operator.operands.get(index)
            if operand in _LAYER_INPUTS:
                found.append(Demand.LAYER)
            elif operand is Operand.DATA:
                found.append(exact)
            else:
                found.append(passed)
        return found

    def _of_call(self, key: FunctionKey, outputs: tuple[Demand, ...], depth: int) -> list[Demand]:
        if (key, outputs) not in self._called:
            self._called[key, outputs] = []  # of a function that calls itself nothing is known
            function = self._functions[key]
            ends = dict(zip(function.output, outputs, strict=False))
            demands = self.of_graph(function.node, ends, depth + 1)
            self._called[key, outputs] = [demands.get(name, Demand.NONE) for name in function.input]
        return self._called[key, outputs]


def is_cast_to_integers(node: onnx.NodeProto) -> bool:
    """Return whether a node makes integers, or truth values, of floating-point numbers."""
    return is_operator(node, "Cast") and not is_floating(integer(node, "to", 1))

"""Demand: where the values of a graph go to, found from its outputs backwards.

A table that rows are looked up in may have errors if the rows go into a layer, and must not if they are
compared, counted with or the argument of a sine. Values keep what they are for through everything that works
element by element, moves or pools them; layers and normalizations end it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from nntc.onnx.attributes import integer
from nntc.onnx.elements import is_any_float
from nntc.onnx.operators import Operand, Trait, bodies, is_operator
from nntc.onnx.roles.steps import FunctionKey, Step, steps_of

_PASSING = Trait.MOVES | Trait.POOLS | Trait.ELEMENTWISE | Trait.AFFINE | Trait.COMBINES
_LAYER_INPUTS = (Operand.INPUT, Operand.LEFT, Operand.RIGHT, Operand.PRODUCT)
_MAX_DEPTH = 100
_CAST = ("", "Cast")


class Demand:
    """What becomes of a value: bits of an integer."""

    NONE = 0
    LAYER = 1
    """It goes into a layer or a normalization."""
    EXACT = 2
    """It goes where a small change may change everything: comparisons, indices, sines."""
    COUNTED = 4
    """It is more than compared: it is an index, a size or an angle."""
    CARRIED = 8
    """A loop begins its next round with it, and each round's errors with those of all rounds before."""


class Demands:
    """Finds demands; functions are looked into once for each demand of their outputs.

    Parameters
    ----------
    functions
        The model's functions by domain, name and overload.
    """

    def __init__(self, functions: Mapping[FunctionKey, onnx.FunctionProto]) -> None:
        self._functions = functions
        self._called: dict[tuple[FunctionKey, tuple[int, ...]], list[int]] = {}
        self._known: dict[tuple[tuple[str, str], int, int], tuple[int, ...]] = {}

    def of_graph(self, steps: Sequence[Step], given: Mapping[str, int], depth: int = 0) -> dict[str, int]:
        """Return the demand of every name that nodes read, those of names around their graph included.

        Parameters
        ----------
        steps
            The nodes.
        given
            Demand of outputs, by name.
        depth
            Of nested graphs and calls.
        """
        demands = dict(given)
        if depth > _MAX_DEPTH:
            return demands
        get = demands.get
        for step in reversed(steps):
            outputs = [get(name, 0) for name in step.outputs]
            for name, demand in zip(step.inputs, self._of_inputs(step, outputs, depth), strict=True):
                if name:
                    demands[name] = get(name, 0) | demand
            if not step.has_attributes:
                continue
            for body in bodies(step.node):
                ends = zip((value.name for value in body.output), ends_of_body(step, outputs), strict=False)
                # What a loop takes from outside is the same in every round.
                kept = ~0 if is_operator(step.node, "If") else ~Demand.CARRIED
                for name, demand in self.of_graph(steps_of(body.node), dict(ends), depth + 1).items():
                    demands[name] = get(name, 0) | demand & kept
        return demands

    def _of_inputs(self, step: Step, outputs: Sequence[int], depth: int) -> Sequence[int]:
        count = len(step.inputs)
        if self._functions and step.function in self._functions:
            found = self._of_call(step.function, tuple(outputs), depth)
            return [*found, *[Demand.NONE] * count][:count]
        passed = 0
        for demand in outputs:
            passed |= demand
        if step.key == _CAST and is_cast_to_integers(step.node):
            return [Demand.EXACT | Demand.COUNTED] * count
        known = self._known.get((step.key, passed, count))
        if known is None:
            known = self._known[step.key, passed, count] = _demands(step, passed)
        return known

    def _of_call(self, key: FunctionKey, outputs: tuple[int, ...], depth: int) -> list[int]:
        if (key, outputs) not in self._called:
            self._called[key, outputs] = []  # of a function that calls itself nothing is known
            function = self._functions[key]
            ends = dict(zip(function.output, outputs, strict=False))
            demands = self.of_graph(steps_of(function.node), ends, depth + 1)
            self._called[key, outputs] = [demands.get(name, Demand.NONE) for name in function.input]
        return self._called[key, outputs]


def _demands(step: Step, passed: int) -> tuple[int, ...]:
    """Return the demands of an operator's inputs, given that of its outputs."""
    operator = step.operator
    exact = Demand.EXACT if operator.has(Trait.DECIDES) else Demand.EXACT | Demand.COUNTED
    carried = passed & Demand.CARRIED
    if operator.has(Trait.EXACTING):
        passed = exact
    elif not operator.has(_PASSING) and step.key != ("", "Gather"):
        passed = Demand.NONE
    found = []
    for index in range(len(step.inputs)):
        operand = operator.operands.get(index)
        if operand in _LAYER_INPUTS:
            found.append(Demand.LAYER | carried)
        else:
            found.append((exact if operand is Operand.DATA else passed) | carried)
    return tuple(found)


def ends_of_body(step: Step, outputs: Sequence[int]) -> Sequence[int]:
    """Return the demand of the outputs of a body, in order, as far as something is known of them.

    Parameters
    ----------
    outputs
        Demand of the outputs of its node, `step`.
    """
    if is_operator(step.node, "If"):  # what a branch puts out is what the node does
        return outputs
    if is_operator(step.node, "Loop"):  # its inputs and those of its body begin with two that are not carried
        return [Demand.NONE, *[Demand.CARRIED] * (len(step.inputs) - 2)]
    if is_operator(step.node, "Scan"):
        return [Demand.CARRIED] * (len(step.inputs) - integer(step.node, "num_scan_inputs", 0))
    return ()


def is_cast_to_integers(node: onnx.NodeProto) -> bool:
    """Return whether a node makes integers, truth values or text of floating-point numbers."""
    return is_operator(node, "Cast") and not is_any_float(integer(node, "to", 1))

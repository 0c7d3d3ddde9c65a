"""Flow: what a node's outputs are made of, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import onnx

from nntc.onnx.attributes import real
from nntc.onnx.operators import Operand, Operator, Trait, is_operator, operator_of
from nntc.onnx.roles.role import Scale
from nntc.onnx.roles.steps import Step
from nntc.onnx.roles.uses import Source
from nntc.onnx.roles.views import Constant

_MAX_PARTS = 64  # constants that one value is made of

Constants = tuple[Constant, ...]
"""Constants that a value is made of: one as a rule, several after Concat, none if it is computed."""


def scale_of(step: Step, index: int, constants: list[Constants]) -> Scale | None:
    """Return what says how large the channels are that a normalization's shift or mean is for."""
    operands = step.operator.operands
    operand = operands.get(index)
    if operand is Operand.SHIFT:
        wanted = Operand.SCALE
    elif operand is Operand.MEAN:
        wanted = Operand.VARIANCE
    else:
        return None
    for other, operand in operands.items():
        if operand is wanted and other < len(constants) and len(constants[other]) == 1:
            is_variance = operand is Operand.VARIANCE
            floor = real(step.node, "epsilon", 1e-5) if is_variance else 0.0
            return Scale(constants[other][0].path, is_variance, floor)
    return None


def source_of(operator: Operator, sources: Sequence[int], constants: Sequence[Constants]) -> int:
    """Return where a node's outputs come from, bits of `Source`."""
    traits = operator.traits
    if traits & Trait.LINEAR:
        return Source.LINEAR | Source.LAYER
    if traits & (Trait.NORMALIZES | Trait.RECURRENT):
        return Source.LAYER
    for index, parts in enumerate(constants):
        if parts and operator.operands.get(index) is Operand.TABLE:
            return Source.LAYER
    if traits & Trait.MOVES:
        return union(sources if traits & Trait.COMBINES else sources[:1])
    if traits & (Trait.POOLS | Trait.ELEMENTWISE | Trait.AFFINE | Trait.COMBINES):
        return union(sources) & Source.LAYER
    return Source.NONE


def union(flags: Iterable[int]) -> int:
    """Return all bits together."""
    found = 0
    for flag in flags:
        found |= flag
    return found


def made_of(node: onnx.NodeProto, constants: list[Constants]) -> Constants:
    """Return what a node's output is made of if it only moves or casts the elements of constants."""
    operator = operator_of(node)
    if is_operator(node, "Concat"):
        if not all(constants):
            return ()
        parts = {constant.path: constant for constant in chain.from_iterable(constants)}
        return reshaped(tuple(parts.values())) if len(parts) <= _MAX_PARTS else ()
    if not operator.has(Trait.MOVES):
        return ()
    data = constants[0] if constants else ()
    if operator.has(Trait.RESHAPES):
        return reshaped(data)
    if is_operator(node, "Transpose"):
        order = next((tuple(a.ints) for a in node.attribute if a.name == "perm"), None)
        return tuple(_transposed(constant, order) for constant in data)
    floats = node.op_type == "DequantizeLinear"
    return tuple(constant._replace(floating=floats or constant.floating) for constant in data)


def reshaped(constants: Constants) -> Constants:
    """Return constants whose shape has changed."""
    return tuple(constant._replace(axes=None) for constant in constants)


def _transposed(constant: Constant, order: tuple[int, ...] | None) -> Constant:
    axes = constant.axes
    if axes is None:
        return constant
    if order is None:
        return constant._replace(axes=axes[::-1])
    if sorted(order) != list(range(len(axes))):
        return constant._replace(axes=None)
    return constant._replace(axes=tuple(axes[axis] for axis in order))

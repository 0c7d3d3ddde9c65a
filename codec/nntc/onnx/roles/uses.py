"""Uses of a node's inputs, by operator: role, matrix view, and the errors that they stand."""

from __future__ import annotations

from math import prod

import onnx

from nntc.format.view import View
from nntc.onnx.attributes import string
from nntc.onnx.operators import Operand, Trait, is_operator, operator_of
from nntc.onnx.roles.demand import Demand
from nntc.onnx.roles.role import UNKNOWN_USE, Role, TensorRole, Tolerance
from nntc.onnx.roles.views import (
    Constant,
    axis_view,
    flat_view,
    generic_view,
    kernel_view,
    matrix_view,
)

_WEIGHTS = {
    Operand.KERNEL, Operand.TRANSPOSED_KERNEL, Operand.LEFT, Operand.RIGHT, Operand.GATES, Operand.PACKED
}  # fmt: skip
_NORMS = {
    Operand.SCALE: Tolerance.SCALING,
    Operand.VARIANCE: Tolerance.SCALING,
    Operand.SHIFT: Tolerance.ADDITIVE,
    Operand.MEAN: Tolerance.ADDITIVE,
}
COMPARED = "it is compared, counted or indexed with"
CHOSEN = "it holds values to choose from"
BEFORE_LAYERS = "it is applied to what no layer has put out"
PRECISE = "what is computed with it has to be precise"
CARRIED = "a loop begins its next round with what is computed with it"
NOT_TO_LAYER = "what is looked up in it goes to no layer"
ADDED_LAST = "what it is added to goes to no layer"


class Source:
    """Where a value comes from: bits of an integer."""

    NONE = 0
    LAYER = 1
    """It has gone through a layer or a normalization."""
    LINEAR = 2
    """It is the output of a convolution or of a product of matrices, moved perhaps."""


def classify(node: onnx.NodeProto, index: int, constant: Constant, source: int, demand: int) -> TensorRole:
    """Return role, view and tolerance of a constant by the node that uses it.

    Parameters
    ----------
    node
        The node.
    index
        Number of its input.
    constant
        What stands there.
    source
        Where the node's other inputs come from.
    demand
        Where its outputs go.
    """
    found = _by_operand(node, index, constant, source, demand)
    if demand & Demand.CARRIED:
        return found._replace(tolerance=Tolerance.EXACT, reason=found.reason or CARRIED)
    # Indices are computed with it, or angles. Those that a network puts out bear errors as its outputs do.
    is_counted = demand & Demand.COUNTED and not source & Source.LAYER
    return found._replace(tolerance=Tolerance.EXACT, reason=found.reason or PRECISE) if is_counted else found


def _by_operand(node: onnx.NodeProto, index: int, constant: Constant, source: int, demand: int) -> TensorRole:
    operator = operator_of(node)
    operand = operator.operands.get(index)
    dims = constant.dims
    unknown = TensorRole(Role.OTHER, generic_view(dims), reason=UNKNOWN_USE)
    if operand is None and is_operator(node, "Concat") and source & Source.LAYER:
        operand = Operand.TERM  # beside the outputs of a layer, as a class token is
    if operand in (Operand.TERM, Operand.FACTOR):
        return _elementwise(constant, operand, source, demand)
    if operand in _WEIGHTS:
        return _weights(node, operand, constant, demand)
    if operand is Operand.PRODUCT and len(dims) > 1:
        return _product(node, index, constant, source, demand)
    if operand is Operand.TABLE:
        return _table(node, constant, demand)
    if operand is Operand.BIAS:
        return TensorRole(Role.BIAS, generic_view(dims), tolerance=Tolerance.ADDITIVE)
    if operand in _NORMS:
        return TensorRole(Role.NORMALIZATION, generic_view(dims), tolerance=_NORMS[operand])
    if operand is Operand.STEP:
        return unknown._replace(reason="")  # the integers go with it
    if operand is Operand.DATA:
        return unknown._replace(reason=COMPARED)
    return unknown._replace(reason=CHOSEN) if operand is Operand.CHOICE else unknown


def _elementwise(constant: Constant, operand: Operand, source: int, demand: int) -> TensorRole:
    """Return the role of what is added or multiplied with."""
    dims = constant.dims
    is_vector = constant.floating and prod(dims) > 1 and sum(size > 1 for size in dims) == 1
    after_linear = is_vector and source & Source.LINEAR and operand is Operand.TERM
    role = Role.OTHER
    if is_vector:
        role = Role.BIAS if after_linear else Role.NORMALIZATION
    found = TensorRole(role, generic_view(dims))
    if after_linear and not demand & Demand.COUNTED:
        return found._replace(tolerance=Tolerance.ADDITIVE)
    if not source & Source.LAYER:
        return found._replace(reason=BEFORE_LAYERS)
    if demand & Demand.EXACT:
        return found._replace(reason=PRECISE)
    if operand is Operand.FACTOR:
        return found._replace(tolerance=Tolerance.SCALING)
    # Boxes and grids are added last of all, normalizations and positions between layers.
    if not demand & Demand.LAYER:
        return found._replace(reason=ADDED_LAST)
    return found._replace(tolerance=Tolerance.ADDITIVE)


def _weights(node: onnx.NodeProto, operand: Operand, constant: Constant, demand: int) -> TensorRole:
    """Return the role of a layer's weights."""
    if operand in (Operand.GATES, Operand.PACKED):
        role = Role.DENSE if operand is Operand.PACKED else Role.RECURRENT
        return TensorRole(role, flat_view(constant.dims), tolerance=Tolerance.WEIGHT)
    if operand in (Operand.KERNEL, Operand.TRANSPOSED_KERNEL):
        role, view = _kernel(constant, operand, _integer(node, "group", 1))
        summed = prod(constant.seen[1:]) if operand is Operand.KERNEL else prod(constant.seen[:1])
    else:
        swapped = _integer(node, "transA" if operand is Operand.LEFT else "transB", 0) != 0
        outputs_last = (operand is Operand.RIGHT) != swapped
        role, view = Role.DENSE, matrix_view(constant, -1 if outputs_last else -2)
        seen = constant.seen
        summed = seen[0] if len(seen) == 1 else (seen[-2] if outputs_last else seen[-1]) if seen else 1
    return _summed(TensorRole(role, view), constant, summed, demand)


def _summed(found: TensorRole, constant: Constant, summed: int, demand: int) -> TensorRole:
    """Return the role with its tolerance; where a sum has one term, its weight is a factor."""
    if summed > 1 or constant.axes is None:
        return found._replace(tolerance=Tolerance.WEIGHT)
    if demand & Demand.EXACT:
        return found._replace(reason=PRECISE)
    return found._replace(tolerance=Tolerance.SCALING)


def _product(node: onnx.NodeProto, index: int, constant: Constant, source: int, demand: int) -> TensorRole:
    """Return the role of an operand of Einsum: weights if an axis of it is summed over."""
    terms, _, outputs = string(node, "equation", "").replace(" ", "").partition("->")
    own = terms.split(",")[index] if index < terms.count(",") + 1 else ""
    # Without "->" what occurs once is kept.
    kept = outputs or {letter for letter in terms if terms.count(letter) == 1}
    if not set(own) - set(kept) - {"."}:
        return _elementwise(constant, Operand.FACTOR, source, demand)
    return TensorRole(Role.DENSE, generic_view(constant.dims), tolerance=Tolerance.WEIGHT)


def _kernel(constant: Constant, operand: Operand, group: int) -> tuple[Role, View]:
    seen = constant.seen
    if group > 1 and len(seen) > 1 and seen[1] == 1:
        return Role.DEPTHWISE, kernel_view(constant, 0)
    if operand is Operand.TRANSPOSED_KERNEL:
        return Role.TRANSPOSED_CONVOLUTION, kernel_view(constant, 1)
    return Role.CONVOLUTION, kernel_view(constant, 0)


def _table(node: onnx.NodeProto, constant: Constant, demand: int) -> TensorRole:
    axis, rank = _integer(node, "axis", 0), len(constant.seen)
    normalizes = operator_of(node).has(Trait.NORMALIZES)
    if rank < 2 or constant.axes is None or not -rank <= axis < rank:
        found = TensorRole(Role.OTHER, generic_view(constant.dims))
    else:
        view = axis_view(constant.dims, constant.axes[axis])
        found = TensorRole(Role.EMBEDDING, View(view.kind, view.rows, view.channels * view.period))
    if demand & Demand.EXACT:
        return found._replace(reason=PRECISE)
    if rank < 2 or not (demand & Demand.LAYER or normalizes):
        return found._replace(reason=NOT_TO_LAYER)
    return found._replace(tolerance=Tolerance.WEIGHT)


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    for attribute in node.attribute:
        # A reference to an attribute of the function around it has a type but no value.
        if attribute.name == name and attribute.HasField("i"):
            return int(attribute.i)
    return default

"""Integers that are weights: where a graph makes real numbers of them, and by what scale and zero point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.onnx.attributes import integer
from nntc.onnx.operators import CONTRIB, Operand, bodies, is_operator, operator_of
from nntc.onnx.tensor import Path

INTEGERS = frozenset(
    {onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT4, onnx.TensorProto.UINT4}
)
"""Types of `TensorProto.DataType` that are looked at."""
_DEFAULT_AXIS = 1
_PACKED = ("MatMulNBits", "GatherBlockQuantized")

ValueOf = Callable[[Path], NDArray[Any] | None]


class IntegerUse(NamedTuple):
    """A use of integers as quantized weights.

    Parameters
    ----------
    node
        What uses them.
    place
        The input that they are.
    scale, zero
        Tensors that are scale and zero point: None where there is none.
    """

    node: onnx.NodeProto
    place: int
    scale: Path | None
    zero: Path | None


class Affine(NamedTuple):
    """What integers stand for: scale * (integer - zero), both arrays that broadcast to the integers."""

    scale: NDArray[np.float64]
    zero: NDArray[np.int64]


def find_integer_uses(model: onnx.ModelProto) -> dict[Path, list[IntegerUse]]:
    """Return the uses of constants that are nothing but quantized weights of the main graph's nodes.

    Scales and zero points are constants of the main graph, too. What anything else uses, a body or an output
    of the graph, is left out.
    """
    graph = model.graph
    constants: dict[str, Path] = {}
    integers: dict[str, Path] = {}
    for index, tensor in enumerate(graph.initializer):
        constants[tensor.name] = path = ("graph", "initializer", index)
        if tensor.data_type in INTEGERS and tensor.dims:
            integers[tensor.name] = path
    for index, node in enumerate(graph.node):
        for number, attribute in enumerate(node.attribute):
            if node.op_type == "Constant" and attribute.HasField("t"):
                constants[node.output[0]] = ("graph", "node", index, "attribute", number, "t")
    given = {value.name for value in graph.input}  # an input's default is no constant
    found: dict[str, list[IntegerUse] | None] = {name: [] for name in integers if name not in given}
    for value in graph.output:
        found.pop(value.name, None)
    for node in graph.node:
        for name in _read_by_bodies(node):
            found.pop(name, None)
        for index, name in enumerate(node.input):
            uses = found.get(name)
            if uses is None:
                continue
            use = _use(node, index, constants, given)
            if use is None:
                del found[name]
            else:
                uses.append(use)
    return {integers[name]: uses for name, uses in found.items() if uses}


def _use(node: onnx.NodeProto, index: int, constants: dict[str, Path], given: set[str]) -> IntegerUse | None:
    places = operator_of(node).integers.get(index)
    if places is None:
        return None
    paths: list[Path | None] = []
    for place in places:
        name = "" if place is None or place >= len(node.input) else node.input[place]
        if name and (name not in constants or name in given):
            return None
        paths.append(constants[name] if name else None)
    return IntegerUse(node, index, *paths)


def _read_by_bodies(node: onnx.NodeProto) -> Iterator[str]:
    for graph in bodies(node):
        for inner in graph.node:
            yield from inner.input
            yield from _read_by_bodies(inner)
        for value in graph.output:
            yield value.name


def affine_of(uses: list[IntegerUse], dims: tuple[int, ...], value_of: ValueOf) -> Affine | None:
    """Return what integers stand for; None if their uses differ in that, or it is not known.

    Of weights that are not one in each element `nntc.onnx.nibbles` tells it.

    Parameters
    ----------
    uses
        All of them.
    dims
        Shape of the integers.
    value_of
        Returns the value of a constant, None where it is not known.
    """
    found: Affine | None = None
    for use in uses:
        own = _affine(use, dims, value_of)
        if own is None:
            return None
        if found is not None and not all(np.array_equal(*both) for both in zip(found, own, strict=True)):
            return None
        found = own
    return found


def _affine(use: IntegerUse, dims: tuple[int, ...], value_of: ValueOf) -> Affine | None:
    if is_operator(use.node, *_PACKED, domain=CONTRIB):
        return None
    scale = np.ones(()) if use.scale is None else value_of(use.scale)
    zero = np.zeros((), np.int64) if use.zero is None else value_of(use.zero)
    if scale is None or zero is None or zero.dtype.kind not in "iu" or scale.dtype.kind != "f":
        return None
    spread = [_spread(own, use, dims) for own in (scale, zero)]
    if spread[0] is None or spread[1] is None:
        return None
    scale = spread[0].astype(np.float64)
    if not np.all((scale > 0) & np.isfinite(scale)):
        return None
    return Affine(scale, spread[1].astype(np.int64))


def _spread(values: NDArray[Any], use: IntegerUse, dims: tuple[int, ...]) -> NDArray[Any] | None:
    """Return scales or zero points in a shape that broadcasts to that of the integers; None if none does."""
    if values.size == 1:
        return values.reshape(())
    operand = operator_of(use.node).operands.get(use.place)
    if operand is Operand.GATES:  # one for each direction, or for each of its outputs too
        shape = (*values.shape[:1], *[1] * (len(dims) - values.ndim), *values.shape[1:])
    elif operand is Operand.KERNEL:
        shape = (*values.shape, *[1] * (len(dims) - 1))
    elif operand is Operand.RIGHT and values.ndim == 1:
        shape = values.shape if not integer(use.node, "transB", 0) else (values.size, 1)
    elif values.ndim == 1 and not integer(use.node, "block_size", 0):
        axis = integer(use.node, "axis", _DEFAULT_AXIS)
        if not -len(dims) <= axis < len(dims):
            return None
        shape = tuple(values.size if i == axis % len(dims) else 1 for i in range(len(dims)))
    else:
        return None
    fits = prod(shape) == values.size and len(shape) <= len(dims)
    fits = fits and all(n in (1, of) for n, of in zip(shape[::-1], dims[::-1], strict=False))
    return values.reshape(shape) if fits else None

"""Take graphs apart into nodes and constants, and find the nodes that compute given tensors from others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import helper

from nntc.onnx.operators import Trait, bodies, is_operator, operator_of
from nntc.onnx.order import in_order, reads
from nntc.onnx.tensor import Path

_PACKING = {"Identity", "Optional", "SequenceConstruct", "SequenceInsert", "ZipMap"}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node and its path in the model."""

    path: Path
    proto: onnx.NodeProto

    def reads(self) -> Iterator[str]:
        """Yield the names of what the node reads, its bodies included."""
        return reads(self.proto)


Constants = list[tuple[Path, str, onnx.TensorProto]]
"""Paths of tensors in the model, the names of the constants that they are, and the tensors."""


def take_apart(graph: onnx.GraphProto, path: Path) -> tuple[list[Node], Constants]:
    """Return copies of a graph's nodes, in topological order, and its constants, Constant nodes' among them.

    The graph itself stays as it is.

    Parameters
    ----------
    graph
        The graph. A constant that is itself an output of it stays a node.
    path
        Its path in the model.
    """
    constants: Constants = [
        ((*path, "initializer", index), tensor.name, tensor) for index, tensor in enumerate(graph.initializer)
    ]
    nodes = []
    results = {value.name for value in graph.output}
    for index, node in in_order(graph.node):
        place: Path = (*path, "node", index)
        number = next((i for i, a in enumerate(node.attribute) if a.name == "value"), None)
        if is_operator(node, "Constant") and number is not None and node.output[0] not in results:
            constants.append(((*place, "attribute", number, "t"), node.output[0], node.attribute[number].t))
        else:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            _name_states(copy)
            nodes.append(Node(place, copy))
    return nodes, constants


def parts_of(name: str, makers: Mapping[str, onnx.NodeProto]) -> list[str]:
    """Return the tensors that a sequence, map or optional value is made of, as far as nodes show it.

    Parameters
    ----------
    name
        Name of the value.
    makers
        Nodes by the names that they define.
    """
    maker = makers.get(name)
    if maker is None or maker.op_type not in _PACKING:
        return [name]
    return [part for inner in maker.input if inner for part in parts_of(inner, makers)]


def take_branch(branching: Node, taken: bool, number: int) -> tuple[list[Node], Constants]:
    """Return nodes and constants that do what an If node does when its condition is always the same.

    Parameters
    ----------
    branching
        The If node.
    taken
        Its condition.
    number
        Makes names unique: those that the branch defines end in it.
    """
    wanted = "then_branch" if taken else "else_branch"
    index, body = next(
        (i, attribute.g) for i, attribute in enumerate(branching.proto.attribute) if attribute.name == wanted
    )
    nodes, constants = take_apart(body, (*branching.path, "attribute", index, "g"))
    own = [name for node in nodes for name in node.proto.output if name]
    own += [name for _, name, _ in constants]
    names = {name: f"{name}@{number}" for name in own}
    for node in nodes:
        _rename(node.proto, names)
        node.proto.output[:] = [names.get(name, name) for name in node.proto.output]
    constants = [(path, names[name], tensor) for path, name, tensor in constants]
    for place, (inner, outer) in enumerate(zip(body.output, branching.proto.output, strict=True)):
        if outer:
            passing = helper.make_node("Identity", [names.get(inner.name, inner.name)], [outer])
            nodes.append(Node((*branching.path, "output", place), passing))
    return nodes, constants


def needed_nodes(
    nodes: Iterable[Node], outputs: Iterable[str], given: Collection[str]
) -> tuple[list[Node], set[str]]:
    """Return the nodes that compute `outputs` from `given` and constants, in order, and all names they read.

    Parameters
    ----------
    nodes
        Nodes of a graph in topological order.
    outputs
        Names of the tensors to compute.
    given
        Names of tensors that need not be computed.
    """
    missing = set(outputs) - set(given)
    used: set[str] = set()
    found = []
    for node in reversed(list(nodes)):
        if missing.isdisjoint(node.proto.output):
            continue
        found.append(node)
        reads = set(node.reads())
        used |= reads
        missing |= reads - set(given)
    return found[::-1], used


def _rename(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    """Rename what a node and its bodies read; a body may not define a name that is known around it."""
    node.input[:] = [names.get(name, name) for name in node.input]
    for graph in bodies(node):
        for inner in graph.node:
            _rename(inner, names)
        for value in graph.output:
            value.name = names.get(value.name, value.name)


def _name_states(node: onnx.NodeProto) -> None:
    """Give the first output of a recurrent layer, all of its states, a name if it has none."""
    if operator_of(node).has(Trait.RECURRENT) and not (node.output and node.output[0]):
        first = next(name for name in node.output if name) + ":states"
        node.output[:] = [first, *node.output[1:]]

"""Which nodes of a graph compute given tensors from others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import onnx

from codec.format.onnx_tensor import Path


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node of a model's main graph and its path in the model."""

    path: Path
    proto: onnx.NodeProto

    def reads(self) -> Iterator[str]:
        """Yield the names of what the node reads, its bodies included."""
        return _reads(self.proto)


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


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            # Names that a body defines itself are among these: too many do no harm.
            for inner in graph.node:
                yield from _reads(inner)
            yield from (value.name for value in graph.output)

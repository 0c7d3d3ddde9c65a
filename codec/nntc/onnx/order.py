"""The order of a graph's nodes: each after those that compute what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush

import onnx

from nntc.onnx.operators import bodies


def in_order(nodes: Sequence[onnx.NodeProto]) -> list[tuple[int, onnx.NodeProto]]:
    """Return nodes with their numbers, each after those that compute its inputs, else in their order."""
    nodes = list(nodes)
    if stand_in_order((reads(node), node.output) for node in nodes):
        return list(enumerate(nodes))
    producers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    needs = [
        {producers[name] for name in reads(node) if name in producers} - {i} for i, node in enumerate(nodes)
    ]
    if all(max(need, default=-1) < index for index, need in enumerate(needs)):
        return list(enumerate(nodes))
    left = [len(need) for need in needs]
    readers: dict[int, list[int]] = {}
    for index, need in enumerate(needs):
        for producer in need:
            readers.setdefault(producer, []).append(index)
    ready = [index for index, count in enumerate(left) if not count]
    heapify(ready)
    order = []
    while ready:
        index = heappop(ready)
        order.append(index)
        for reader in readers.get(index, ()):
            left[reader] -= 1
            if not left[reader]:
                heappush(ready, reader)
    rest = sorted(set(range(len(nodes))) - set(order))  # a cycle: no valid graph
    return [(index, nodes[index]) for index in [*order, *rest]]


def stand_in_order(nodes: Iterable[tuple[Iterable[str], Iterable[str]]]) -> bool:
    """Return whether nodes, as names that they read and put out, need no sorting.

    They need none if every name is put out once, and by no node that stands after one that reads it.
    """
    made: set[str] = set()
    awaited: set[str] = set()
    for inputs, outputs in nodes:
        for name in inputs:
            if name not in made:
                awaited.add(name)
        for name in outputs:
            if name in made or (name and name in awaited):
                return False
            if name:
                made.add(name)
    return True


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names of what a node reads, its bodies included.

    Names that a body defines itself are among these: too many do no harm.
    """
    yield from filter(None, node.input)
    if not node.attribute:
        return
    for body in bodies(node):
        for inner in body.node:
            yield from reads(inner)
        yield from (value.name for value in body.output)

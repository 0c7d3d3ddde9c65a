"""Output bias: constants that are added to, or subtracted from, the outputs of a layer's rows.

Changed weights change the mean of a layer's outputs; such a constant can make up for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.encoder.calibration.statistics import Statistics
from nntc.encoder.network.network import Network
from nntc.encoder.network.subgraph import Node
from nntc.onnx.operators import Operand, Trait, is_operator, operator_of
from nntc.onnx.tensor import Path


@dataclass(frozen=True, slots=True)
class OutputBias:
    """A constant with one element for each row of a layer's weights.

    Parameters
    ----------
    path
        Its tensor.
    sign
        1 if it is added to the layer's outputs, -1 if it is subtracted (the mean of a normalization).
    """

    path: Path
    sign: int


def find_output_biases(network: Network, statistics: Statistics) -> dict[Path, OutputBias]:
    """Return the output_biases of weight tensors by path; what several layers share has or is none."""
    constants = {
        (use.node, use.input): path
        for path, uses in network.uses.items()
        if len(uses) == 1 and path in network.names
        for use in uses
    }
    nodes = {node.path: node for node in network.nodes}
    readers: dict[str, list[Node]] = {name: [] for name in network.outputs}
    for node in network.nodes:
        for name in node.reads():
            readers.setdefault(name, []).append(node)
    found = {}
    for path, known in statistics.tensors.items():
        uses = network.uses[path]
        user = nodes.get(uses[0].node)
        if len(uses) == 1 and user is not None:
            offset = _offset(user, constants, readers, set(network.outputs))
            if offset is not None and network.constants[network.names[offset.path]].size == known.view.rows:
                found[path] = offset
    return found


def _offset(
    node: Node,
    constants: dict[tuple[Path, int], Path],
    readers: dict[str, list[Node]],
    outputs: set[str],
) -> OutputBias | None:
    """Return the constant added in a layer's node, or else in the only node that reads its output."""
    operator = operator_of(node.proto)
    for index in operator.places(Operand.BIAS):
        # Of a recurrent layer it is no constant that its outputs differ by.
        if operator.has(Trait.LINEAR) and (node.path, index) in constants:
            return OutputBias(constants[node.path, index], 1)
    result = node.proto.output[0]
    if result in outputs or len(readers.get(result, ())) != 1:
        return None
    reader = readers[result][0]
    place = list(reader.proto.input).index(result)
    if is_operator(reader.proto, "Add") and (reader.path, 1 - place) in constants:
        return OutputBias(constants[reader.path, 1 - place], 1)
    for index in operator_of(reader.proto).places(Operand.MEAN):
        if place == 0 and (reader.path, index) in constants:
            return OutputBias(constants[reader.path, index], -1)
    return None

"""Summary of an ONNX model and of what encoding would do with each of its tensors: nothing is encoded."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from math import prod

import onnx

from nntc.encoder.methods.partition import Partition, partition_tensors, with_tolerance_of_values
from nntc.encoder.model import parse_outline
from nntc.encoder.split import MIN_BYTES, Payload, SplitSource, find_payloads, open_model
from nntc.encoder.split.varints import varint_remarks
from nntc.encoder.tensors import Tensor, load_tensors
from nntc.errors import ModelError
from nntc.onnx.arrays import type_name


class Coding(StrEnum):
    """What method `auto` does with a tensor.

    `lossy` has a section of its own, `lossy, small` shares one, `copy` repeats an earlier tensor, and `graph`
    is too small for a section and stays in the graph, exact.
    """

    WEIGHT = "lossy"
    SMALL = "lossy, small"
    EXACT = "exact"
    COPY = "copy"
    GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of the model; sizes are numbers, names of dynamic ones, or ? for nothing."""

    name: str
    type: str
    shape: tuple[int | str, ...] | None


@dataclass(frozen=True, slots=True)
class ModelTensor:
    """A tensor of the model.

    Parameters
    ----------
    coding, reason
        What `auto` would do with it, and why it is exact if it is, "" where that is plain.
    size, bytes
        Elements, and bytes in the model's files.
    """

    name: str
    role: str
    type: str
    shape: tuple[int, ...]
    size: int
    bytes: int
    coding: Coding
    reason: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """An ONNX model.

    Parameters
    ----------
    size, files
        Bytes of the model and its external data, and how many files these are.
    opsets
        Version by domain; the domain of ONNX itself is `ai.onnx`.
    layers
        Nodes of the main graph by operator, the most frequent first.
    rest
        Bytes that are no tensor: nodes, names, shapes.
    remarks
        What the user should know of tensors that are not listed.
    """

    size: int
    files: int
    producer: str
    ir_version: int
    opsets: dict[str, int]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    layers: dict[str, int]
    tensors: tuple[ModelTensor, ...]
    rest: int
    remarks: tuple[str, ...] = ()

    def bytes_by(self, field: str) -> dict[str, tuple[int, int]]:
        """Return how many tensors there are and their bytes, by `coding` or `role`, most bytes first."""
        found: dict[str, tuple[int, int]] = {}
        for tensor in self.tensors:
            count, size = found.get(getattr(tensor, field), (0, 0))
            found[getattr(tensor, field)] = count + 1, size + tensor.bytes
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def describe_model(source: str | os.PathLike[str], *, follow_links: bool = False) -> ModelInfo:
    """Return what a model holds.

    Parameters
    ----------
    source
        Path of the model, its external data beside it.

    Raises
    ------
    ModelError
        E_NOT_ONNX, E_PROTOBUF, E_LOCATION, E_EXTERNAL: it cannot be read.
    """
    with open_model(source, follow_links=follow_links) as split:
        model = parse_outline(split)
        if model is None:
            raise ModelError("E_PROTOBUF", "the model cannot be read", 0)
        tensors, repeats = load_tensors(split, model)
        found = _tensors(split, tensors, repeats, partition_tensors(with_tolerance_of_values(tensors)))
        everything = find_payloads(split.tensors, split.files, 1)
        found += [_in_graph(payload) for payload in everything if payload.length < MIN_BYTES]
        size = sum(file.size for file in split.files)
        given = {tensor.name for tensor in model.graph.initializer}
        producer = f"{model.producer_name} {model.producer_version}".strip()
        return ModelInfo(
            size,
            len(split.files),
            producer,
            model.ir_version,
            {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
            tuple(_value(value) for value in model.graph.input if value.name not in given),
            tuple(_value(value) for value in model.graph.output),
            dict(Counter(node.op_type for node in model.graph.node).most_common()),
            tuple(found),
            size - sum(tensor.bytes for tensor in found),
            varint_remarks(split.tensors),
        )


def _tensors(
    split: SplitSource, tensors: list[Tensor], repeats: dict[int, int], partition: Partition
) -> list[ModelTensor]:
    """Return the tensors that have sections of their own or share one, in file order."""
    codings = dict.fromkeys(partition.weights, Coding.WEIGHT)
    codings |= dict.fromkeys(partition.parameters, Coding.SMALL)
    by_payload: dict[int, int] = {}
    for number, tensor in enumerate(tensors):
        by_payload.setdefault(tensor.payload, number)
    found = []
    for number, payload in enumerate(split.payloads):
        first = by_payload[repeats.get(number, number)]
        coding = Coding.COPY if number in repeats else codings.get(first, Coding.EXACT)
        reason = "" if number in repeats else partition.notes.get(first, "")
        found.append(_tensor(payload, str(tensors[first].role), coding, reason))
    return found


def _in_graph(payload: Payload) -> ModelTensor:
    return _tensor(payload, "", Coding.GRAPH, "")


def _tensor(payload: Payload, role: str, coding: Coding, reason: str) -> ModelTensor:
    dims = payload.dims
    type_ = type_name(payload.data_type)
    return ModelTensor(payload.name, role, type_, dims, prod(dims), payload.length, coding, reason)


def _value(value: onnx.ValueInfoProto) -> Value:
    kind = value.type.WhichOneof("value") or "unknown"
    if kind != "tensor_type":
        return Value(value.name, kind.removesuffix("_type"), None)
    tensor = value.type.tensor_type
    shape = None
    if tensor.HasField("shape"):
        shape = tuple(
            d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim
        )
    return Value(value.name, type_name(tensor.elem_type), shape)

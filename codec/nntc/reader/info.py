"""Contents of a `.nntc` file, and what each part of it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from nntc.format.notes import NotedMeasure, NotedSamples
from nntc.format.registry import SectionType
from nntc.onnx.elements import FLOATING_TYPES, total_error
from nntc.onnx.tensor import Path
from nntc.reader.changes import ChangeTotal, change_totals
from nntc.reader.container import Container
from nntc.reader.lazy import LazyTensor

if TYPE_CHECKING:
    from nntc.onnx.roles import TensorRole

_MEASURES = {
    NotedMeasure.KL_DIVERGENCE: "KL divergence in nats",
    NotedMeasure.SQUARED_ERROR: "relative squared error",
    NotedMeasure.MIXED: "mean over unlike outputs",
}
_MEASURED_ON = {
    NotedSamples.EVALUATION: "evaluation",
    NotedSamples.HELD_OUT: "held-out calibration",
    NotedSamples.CALIBRATION: "calibration",
}
UNKNOWN_ROLE = "unknown"
_MOST_PARSED = 1 << 24
"""Bytes of a graph, without payloads, up to which roles are found: 100,000 nodes have five million."""
_WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True)
class SectionInfo:
    """A section: type, place and stored bytes, and the bytes of its content (0 where none is declared)."""

    type: str
    offset: int
    bytes: int
    output: int


class TensorInfo(NamedTuple):
    """A tensor; `bytes` and `bits_per_weight` count what the file spends on it and no other.

    Parameters
    ----------
    error
        Relative error ||decoded - original|| / ||original||, 0 for exact, None for unknown.
    same_as
        Name of an earlier tensor that has the same bytes, or None.
    """

    name: str
    role: str
    type: str
    shape: tuple[int, ...]
    tool: str
    bits_per_weight: float
    error: float | None
    bytes: float
    same_as: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Bytes of the file and of its parts; `graph`, `tensors` and `rest` make up `file`.

    Parameters
    ----------
    original
        Bytes of the model's files.
    ratio
        original / file.
    graph
        Stored bytes of the graph: nodes, names, shapes, and tensors too small for a section.
    graph_content
        The same before compression.
    tensors
        Bytes of TENSOR and TABLES sections.
    rest
        Header, directory, notes.
    weights
        Elements of all tensors coded in sections.
    bits_per_weight
        8 * tensors / weights.
    error
        Root of the mean squared relative error, weighted by size; None where one is unknown.
    unknown_use
        Bytes of floating-point tensors that are exact in a lossy file because it is not known what uses them.
    float_varints
        Bytes of floating-point tensors that the model holds as varints (float16 in int32_data): they stand in
        the graph, exactly as they are.
    """

    file: int
    original: int
    ratio: float
    graph: int
    graph_content: int
    tensors: int
    rest: int
    weights: int
    bits_per_weight: float
    error: float | None
    unknown_use: int = 0
    float_varints: int = 0


@dataclass(frozen=True, slots=True)
class OutputsInfo:
    """How far the decoded model's outputs are from the original's, as the encoder measured it.

    Parameters
    ----------
    measure, divergence
        What the divergence is, for people, and its mean over the samples.
    samples, measured_on
        How many, and which, for people.
    """

    measure: str
    divergence: float
    samples: int
    measured_on: str


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Everything about a `.nntc` file that can be told without decoding it.

    Parameters
    ----------
    key_ids
        Of the keys that it names as its signers', none of them verified.
    changes
        Of an update: what is the same as in the base, changed, and fresh, of the tensors that have bytes of
        their own in the model's files, each that the model has several times once. Empty otherwise.
    """

    version: str
    profile: str
    encoder: str | None
    outputs: OutputsInfo | None
    key_ids: tuple[str, ...]
    memory_bound: int
    working_memory: int
    sections: tuple[SectionInfo, ...]
    tensors: tuple[TensorInfo, ...]
    totals: Totals
    changes: tuple[ChangeTotal, ...] = ()


def describe(container: Container) -> FileInfo:
    """Describe an open `.nntc` file.

    Raises
    ------
    FormatError
        A section is at fault.
    ModelError
        The graph is no valid ONNX model.
    """
    roles = _roles(container)
    tensors = tuple(_tensor(tensor, roles) for tensor in container.graph_tensors.values())
    return FileInfo(
        container.version,
        container.profile,
        container.notes.encoder if container.notes else None,
        _outputs(container),
        container.key_ids,
        container.memory_bound,
        container.working_memory,
        tuple(SectionInfo(_type_name(s.type), s.offset, s.length, s.output) for s in container.sections),
        tensors,
        _totals(container, tensors, roles),
        _changes(container),
    )


def _changes(container: Container) -> tuple[ChangeTotal, ...]:
    if not container.is_update:
        return ()
    own = (tensor for tensor in container.graph_tensors.values() if tensor.same_as is None)
    return change_totals(part for tensor in own for part in tensor.changes())


def _outputs(container: Container) -> OutputsInfo | None:
    noted = None if container.notes is None else container.notes.outputs
    if noted is None:
        return None
    return OutputsInfo(
        _MEASURES[noted.measure], noted.divergence, noted.samples, _MEASURED_ON[noted.measured_on]
    )


def _type_name(code: int) -> str:
    return SectionType(code).name if code in frozenset(SectionType) else f"0x{code:02x}"


def _tensor(tensor: LazyTensor, roles: Mapping[Path, TensorRole]) -> TensorInfo:
    bits = 8 * tensor.coded_bytes / tensor.size if tensor.size else 0.0
    role = roles.get(tensor.path)
    return TensorInfo(
        tensor.name,
        UNKNOWN_ROLE if role is None else role.role.value,
        tensor.data_type,
        tensor.shape,
        tensor.tool,
        bits,
        tensor.error,
        tensor.coded_bytes,
        tensor.same_as,
    )


def _totals(container: Container, tensors: Sequence[TensorInfo], roles: Mapping[Path, TensorRole]) -> Totals:
    sizes: dict[int, int] = {}
    for section in container.sections:
        sizes[section.type] = sizes.get(section.type, 0) + section.length
    graph = sizes[SectionType.GRAPH]
    stored = sizes.get(SectionType.TENSOR, 0) + sizes.get(SectionType.TABLES, 0)
    original = sum(file.size for file in container.files)
    coded = [t for t in container.graph_tensors.values() if t.coded_bytes]
    weights = sum(tensor.size for tensor in coded)
    return Totals(
        container.size,
        original,
        original / container.size,
        graph,
        container.graph_size,
        stored,
        container.size - graph - stored,
        weights,
        8 * stored / weights if weights else 0.0,
        _total_error(container.graph_tensors.values(), tensors),
        _unknown_use(coded, roles) if any(tensor.error for tensor in tensors if tensor.bytes) else 0,
        sum(t.wire.varint_bytes for t in container.graph_tensors.values() if t.data_type in _WIDTHS),
    )


def _unknown_use(tensors: Sequence[LazyTensor], roles: Mapping[Path, TensorRole]) -> int:
    """Return the bytes of floating-point tensors that are exact because it is not known what uses them."""
    return sum(
        tensor.size * _WIDTHS[tensor.data_type]
        for tensor in tensors
        if tensor.error == 0
        and tensor.data_type in _WIDTHS
        and tensor.path in roles
        and roles[tensor.path].is_unknown
    )


def _total_error(tensors: Iterable[LazyTensor], infos: Iterable[TensorInfo]) -> float | None:
    found = [
        (tensor.size, info.error)
        for tensor, info in zip(tensors, infos, strict=True)
        if tensor.data_type in FLOATING_TYPES
    ]
    known = [(size, error) for size, error in found if error is not None]
    return total_error(known) if len(known) == len(found) else None


def _roles(container: Container) -> dict[Path, TensorRole]:
    """Return roles by path; none where the onnx library is missing, cannot read the graph, or had better not.

    Its objects take up to sixty bytes of memory for each byte of a graph.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError

        from nntc.onnx.roles import find_roles
    except ImportError:
        return {}
    outline = container.outline()
    if len(outline) > _MOST_PARSED:
        return {}
    try:
        model = onnx.load_model_from_string(outline)
    except DecodeError:
        return {}
    return find_roles(model)

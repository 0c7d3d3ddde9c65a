"""Look into a `.nntc` file: sections, and tensors as arrays, each decoded on its own when asked for.

Tensors have the names that the ONNX graph gives them (SPEC.md, clause 17). What is handed out here is
protected by the digests of the sections it comes from; `nntc.decode` checks the SHA-256 of whole files too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.directory import Section, read_directory
from nntc.decoder.graph import OutputFile
from nntc.errors import ModelError
from nntc.format.container import MAJOR
from nntc.limits import Limits
from nntc.onnx.arrays import array_dtype, elements, type_name
from nntc.onnx.elements import element_count
from nntc.onnx.tensor import Path, WireTensor
from nntc.reader.content import Content
from nntc.reader.notes import Notes
from nntc.reader.pieces import Piece
from nntc.sources.source import SourceLike, open_source

LISTED = Limits.of(tensors=Limits().tensors, fields=Limits().fields)
"""Limits of who lists tensors: unlike those of decoding, the format has none that would suit."""
GRAPH_TOOL = "graph"
"""`LazyTensor.tool` of a tensor whose elements stay in the graph bytes."""


def open(source: SourceLike, *, limits: Limits = LISTED) -> Container:  # noqa: A001 - as nntc.open
    """Open a `.nntc` file without decoding its tensors.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`: header, directory, GRAPH and the
        sections asked for are all that is read, of a URL in few requests. `http` and `https` need nothing
        more, others (`s3`, `gs`, `hf`, `memory`) the extra `remote`.
    limits
        What the file may take; by default what listing its tensors may, as in `Limits()`, and anything else.

    Returns
    -------
    A context manager.

    Raises
    ------
    FormatError
        Header, directory or graph is at fault.
    UnsupportedError
        The input needs a newer or fuller decoder.
    SourceError
        E_SOURCE, E_SOURCE_CHANGED: the input cannot be read from its URL.
    """
    return Container(source, limits=limits)


class LazyTensor:
    """A tensor of a model in a `.nntc` file.

    Parameters
    ----------
    name
        As in the model; for an unnamed one in a Constant node the node's output.
    path
        Its place in the model, such as ("graph", "initializer", 3).
    shape
        Rank-n tuple.
    data_type
        Name of its ONNX element type, such as float32 or bfloat16.
    size
        Number of elements.
    coded_bytes
        Bytes of the sections that hold it, or its share of them; 0 for one whose bytes are in the graph,
        or are those of a tensor before it.
    same_as
        Key in `Container.tensors` of the first tensor before it that is made of the same bytes, or None.
    """

    __slots__ = (
        "_content", "_pieces", "coded_bytes", "data_type", "name", "path", "same_as", "shape", "size", "wire",
    )  # fmt: skip

    def __init__(
        self, content: Content, wire: WireTensor, pieces: tuple[Piece, ...], same_as: str | None
    ) -> None:
        self._content = content
        self.wire = wire
        self._pieces = pieces
        self.name = wire.name
        self.path: Path = wire.path
        self.shape = wire.dims
        self.data_type = type_name(wire.data_type)
        self.size = element_count(wire.dims)
        self.same_as = same_as
        self.coded_bytes = 0.0 if same_as else sum(content.part_cost(p.section, p.part) for p in pieces)

    def __repr__(self) -> str:
        return f"LazyTensor({self.name!r}, shape={self.shape}, data_type={self.data_type!r})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of `array()`: see `nntc.onnx.arrays` for what numpy has no type for."""
        return array_dtype(self.wire.data_type)

    @property
    def tool(self) -> str:
        """How it is coded: planes, codebook, uniform, several joined by "+", or graph."""
        tools = {self._content.tool_name(piece.section) for piece in self._pieces}
        return "+".join(sorted(tools)) or GRAPH_TOOL

    @property
    def error(self) -> float | None:
        """Relative error ||decoded - original|| / ||original|| as noted by the encoder, or None."""
        total = squares = 0.0
        for piece in self._pieces:
            error = self._content.part_error(piece.section, piece.part)
            if error is None or (error == 0 and len(self._pieces) == 1):
                return error
            total += piece.length
            squares += piece.length * error**2
        return math.sqrt(squares / total) if total else 0.0

    def noted_errors(self) -> list[tuple[Piece, float | None]]:
        """Return the parts that it is made of, and the error that the encoder noted for each, if it did."""
        return [(piece, self._content.part_error(piece.section, piece.part)) for piece in self._pieces]

    def array(self) -> NDArray[Any]:
        """Decode it.

        Returns
        -------
        Array of `shape` and `dtype`, the caller's own.

        Raises
        ------
        FormatError
            A section that holds it is at fault.
        ModelError
            E_TENSOR, E_PROTOBUF: its data does not fit its shape or type.
        """
        return self.array_of(self._content.tensor_data(self.wire))

    def array_of(self, data: bytes | bytearray | list[bytes]) -> NDArray[Any]:
        """Return the array that its decoded data is; raises as `array`."""
        try:
            if isinstance(data, list):
                values = np.array(data, dtype=object)
            else:
                values = elements(data, self.wire.data_type, self.size)
            return values.reshape(self.shape)
        except ValueError as e:
            raise ModelError("E_TENSOR", f"{self.name!r}: {e}") from e

    def tobytes(self) -> bytes:
        """Decode it into the bytes that `raw_data` has for it; raises as `array`, TypeError for strings."""
        data = self._content.tensor_data(self.wire)
        if isinstance(data, list):
            raise TypeError(f"{self.name!r} holds strings")
        return bytes(data)


class Container:
    """An open `.nntc` file; a context manager.

    Parameters
    ----------
    source, limits
        See `open`.
    """

    def __init__(self, source: SourceLike, *, limits: Limits = LISTED) -> None:
        self._source, self._own = open_source(source)
        try:
            self._directory = read_directory(self._source, limits.memory)
            self._content = Content(self._source, self._directory, limits)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._own is not None:
            self._own.close()

    @property
    def size(self) -> int:
        """Bytes of the `.nntc` file."""
        return self._source.size

    @property
    def version(self) -> str:
        """Format version by which it was written, such as 1.0."""
        return f"{MAJOR}.{self._directory.minor}"

    @property
    def profile(self) -> str:
        """Profile that a decoder needs: device, main or full."""
        return self._directory.profile.name.lower()

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order; types are those of `nntc.format.registry.SectionType`."""
        return self._directory.sections

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The files that decoding gives, the model first."""
        return self._content.graph.files

    @property
    def graph_size(self) -> int:
        """Bytes of the graph without payloads, before compression."""
        return len(self._content.graph.skeleton)

    @property
    def memory_bound(self) -> int:
        """Most bytes of memory that decoding the whole file needs."""
        return self._directory.memory_bound()

    @property
    def working_memory(self) -> int:
        """Bytes that a decoder of one section after the other needs for the tensors (SPEC.md 11.2)."""
        return self._directory.working_memory

    @property
    def notes(self) -> Notes | None:
        """What the encoder noted, if it did."""
        return self._content.notes

    @cached_property
    def tensors(self) -> Mapping[str, LazyTensor]:
        """All tensors in file order, by name.

        A tensor without a name, or with one that an earlier tensor has, goes by its path:
        "graph/node/3/attribute/0/t".

        Raises
        ------
        FormatError
            E_SPLICE; or E_DIGEST and others in a section that holds several tensors.
        ModelError
            E_PROTOBUF, E_EXTERNAL, E_LOCATION: what was encoded is no valid ONNX model.
        LimitError
            E_LIMIT: there are more tensors, or more fields of the graph, than `limits` allow.
        """
        found: dict[str, LazyTensor] = {}
        first: dict[tuple[int, int], str] = {}  # section, part -> key
        for wire in self._content.find_tensors():
            parts = tuple(piece for piece in self._content.pieces_of(wire) if piece.skeleton is None)
            key = wire.name if wire.name and wire.name not in found else "/".join(map(str, wire.path))
            owners = [first.setdefault((piece.section, piece.part), key) for piece in parts]
            same_as = next((owner for owner in owners if owner != key), None)
            found[key] = LazyTensor(self._content, wire, parts, same_as)
        return MappingProxyType(found)

    def arrays(self, names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
        """Decode several tensors together, which takes little longer than one of them.

        Parameters
        ----------
        names
            Keys of `tensors`; all of them if None.

        Returns
        -------
        Arrays as those of `LazyTensor.array`, in the order asked for.

        Raises
        ------
        KeyError
            There is no such tensor.
        FormatError
            A section that holds one of them is at fault.
        ModelError
            E_TENSOR, E_PROTOBUF: the data of one does not fit its shape or type.
        """
        wanted = {name: self.tensors[name] for name in (self.tensors if names is None else names)}
        data = self._content.tensors_data([tensor.wire for tensor in wanted.values()])
        return {name: t.array_of(d) for (name, t), d in zip(wanted.items(), data, strict=True)}

    def outline(self) -> bytes:
        """Return the model file without payloads: nodes, names, shapes, and data of the smallest tensors."""
        return self._content.outline(tensor.wire for tensor in self.tensors.values())

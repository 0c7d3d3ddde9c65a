"""A tensor of an open `.nntc` file, decoded when it is asked for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nntc.errors import ModelError
from nntc.onnx.arrays import array_dtype, elements, type_name
from nntc.onnx.elements import element_count
from nntc.onnx.tensor import Path, WireTensor
from nntc.reader.changes import Change
from nntc.reader.pieces import Piece

if TYPE_CHECKING:
    from nntc.reader.content import Content

GRAPH_TOOL = "graph"
"""`LazyTensor.tool` of a tensor whose elements stay in the graph bytes."""
Data = bytes | bytearray | list[bytes]
"""A tensor's bytes, little-endian, or its strings."""


class LazyTensor(ABC):
    """A tensor of a model in a `.nntc` file.

    Parameters
    ----------
    name
        As in the model; for an unnamed one in a Constant node the node's output. With an index, the name
        that it has there.
    data_type
        `TensorProto.DataType`; as an attribute the name of that type, such as float32 or bfloat16.
    shape
        Rank-n tuple.
    size
        Number of elements.
    coded_bytes
        Bytes of the sections that hold it, or its share of them; 0 for one whose bytes are in the graph,
        or are those of a tensor before it.
    same_as
        Key in `Container.tensors` of the first tensor before it that is made of the same bytes, or None.
    """

    __slots__ = ("_type", "coded_bytes", "data_type", "name", "same_as", "shape", "size")

    def __init__(
        self, name: str, data_type: int, shape: tuple[int, ...], coded_bytes: float, same_as: str | None
    ) -> None:
        self._type = data_type
        self.name = name
        self.data_type = type_name(data_type)
        self.shape = shape
        self.size = element_count(shape)
        self.coded_bytes = coded_bytes
        self.same_as = same_as

    def __repr__(self) -> str:
        return f"LazyTensor({self.name!r}, shape={self.shape}, data_type={self.data_type!r})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of `array()`: see `nntc.onnx.arrays` for what numpy has no type for."""
        return array_dtype(self._type)

    @property
    def in_graph(self) -> LazyTensor:
        """The tensor as the graph has it."""
        return self

    @property
    def path(self) -> Path:
        """Its place in the model, such as ("graph", "initializer", 3)."""
        return self.wire.path

    @property
    @abstractmethod
    def wire(self) -> WireTensor:
        """What the model says of it."""

    @property
    @abstractmethod
    def tool(self) -> str:
        """How it is coded: planes, codebook, uniform, several joined by "+", or graph."""

    @property
    @abstractmethod
    def error(self) -> float | None:
        """Relative error ||decoded - original|| / ||original|| as noted by the encoder, or None."""

    @abstractmethod
    def noted_errors(self) -> list[tuple[Piece, float | None]]:
        """Return the parts that it is made of, and the error that the encoder noted for each, if it did."""

    @abstractmethod
    def data(self) -> Data:
        """Decode it into its bytes, or its strings; raises as `array`."""

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
        return self.array_of(self.data())

    def array_of(self, data: Data) -> NDArray[Any]:
        """Return the array that its decoded data is; raises as `array`."""
        try:
            if isinstance(data, list):
                values = np.array(data, dtype=object)
            else:
                values = elements(data, self._type, self.size)
            return values.reshape(self.shape)
        except ValueError as e:
            raise ModelError("E_TENSOR", f"{self.name!r}: {e}") from e

    def tobytes(self) -> bytes:
        """Decode it into the bytes that `raw_data` has for it; raises as `array`, TypeError for strings."""
        data = self.data()
        if isinstance(data, list):
            raise TypeError(f"{self.name!r} holds strings")
        return bytes(data)


class GraphTensor(LazyTensor):
    """A tensor that was found in the graph.

    Parameters
    ----------
    content
        Of the file.
    wire
        What the graph says of it.
    pieces
        The parts that hold it.
    same_as
        See `LazyTensor`.
    """

    __slots__ = ("_content", "_pieces", "_wire")

    def __init__(
        self, content: Content, wire: WireTensor, pieces: tuple[Piece, ...], same_as: str | None
    ) -> None:
        coded = 0.0 if same_as else sum(map(content.piece_cost, pieces))
        super().__init__(wire.name, wire.data_type, wire.dims, coded, same_as)
        self._content, self._wire, self._pieces = content, wire, pieces

    @property
    def wire(self) -> WireTensor:
        """What the model says of it."""
        return self._wire

    @property
    def parts(self) -> list[tuple[int, int]]:
        """Sections and parts that its bytes are, one after another; none if that is not all of them."""
        return self._content.parts_of(self._wire)

    @property
    def tool(self) -> str:
        """How it is coded."""
        tools = {self._content.tool_name(piece.section) for piece in self._pieces}
        return "+".join(sorted(tools)) or GRAPH_TOOL

    @property
    def error(self) -> float | None:
        """Relative error as noted by the encoder, or None."""
        total = squares = 0.0
        for piece in self._pieces:
            error = self._content.part_error(piece.section, piece.part)
            if error is None or (error == 0 and len(self._pieces) == 1):
                return error
            total += piece.length
            squares += piece.length * error**2
        return math.sqrt(squares / total) if total else 0.0

    def changes(self) -> Iterator[tuple[Change, int, float]]:
        """Yield how its parts come from the base of an update, their elements, and bytes of the file.

        Raises
        ------
        FormatError
            A section that holds one is at fault.
        """
        span = self._content.span_of(self._wire)
        for piece in self._pieces:
            length = min(piece.start + piece.length, span.stop) - max(piece.start, span.start)
            change = Change.SAME if piece.section < 0 else self._content.section_change(piece.section)
            yield change, self.size * length // len(span), self._content.piece_cost(piece)

    def noted_errors(self) -> list[tuple[Piece, float | None]]:
        """Return the parts that it is made of, and the error that the encoder noted for each, if it did."""
        return [(piece, self._content.part_error(piece.section, piece.part)) for piece in self._pieces]

    def data(self) -> Data:
        """Decode it into its bytes, or its strings; raises as `array`."""
        return self._content.tensor_data(self._wire)

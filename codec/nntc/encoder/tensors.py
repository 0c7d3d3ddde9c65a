"""Tensors as the encoder's methods see them: payloads with role, view and equal copies known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from nntc.encoder.split import Payload, SplitSource, element_type
from nntc.format.container import MAX_SECTION_OUTPUT
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View
from nntc.onnx.roles import InputKind, Role, TensorRole, find_roles, input_kinds
from nntc.onnx.tensor import Path

MAX_PIECE = 1 << 26
"""A payload above this many bytes is coded in pieces of whole rows: bounds a decoder's memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A payload, or some rows of one, to be coded.

    Parameters
    ----------
    name, role
        Of the first ONNX tensor that uses the bytes.
    view
        Rows and columns; its size is the number of elements here.
    data
        The payload's bytes.
    payload
        Number of the payload.
    dims
        Shape of the whole ONNX tensor.
    input
        What is known of the values it is multiplied with.
    """

    name: str
    role: Role
    element: ElementType
    view: View
    data: memoryview
    payload: int
    dims: tuple[int, ...]
    input: InputKind | None

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.view.size

    @property
    def is_vector(self) -> bool:
        """Whether it is a bias, a normalization, or a vector of unknown use."""
        if self.role is Role.OTHER:
            return self.view.rows == 1
        return self.role in (Role.BIAS, Role.NORMALIZATION)

    def flat(self) -> Tensor:
        """Return the tensor as one row, whose coded order is the payload's own."""
        return replace(self, view=View(ViewKind.MATRIX, 1, self.size))

    def bits(self) -> NDArray[Any]:
        """Return the elements' bit patterns in coded order: unsigned integers or 16-byte voids, rank 1."""
        width = self.element.width
        raw = np.frombuffer(self.data, np.dtype("V16" if width == 16 else f"<u{width}"))
        return self.view.to_coded(raw)

    def values(self) -> NDArray[np.float64]:
        """Return the elements of a floating-point tensor in coded order, float64, rank 1."""
        return as_float64(self.bits(), self.element)


def as_float64(bits: NDArray[Any], element: ElementType) -> NDArray[np.float64]:
    """Return bit patterns of a floating-point type as float64."""
    if element is ElementType.BFLOAT16:
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    return bits.view(f"<f{element.width}").astype(np.float64)


def load_tensors(source: SplitSource) -> tuple[list[Tensor], dict[int, int]]:
    """Return the tensors to code, and for each payload that repeats an earlier one that one's number."""
    roles, inputs = _roles(source)
    tensors: list[Tensor] = []
    repeats: dict[int, int] = {}
    first: dict[tuple[int, bytes], int] = {}
    for number, payload in enumerate(source.payloads):
        data = source.view(payload)
        key = (payload.length, hashlib.sha256(data).digest())
        if key in first:
            repeats[number] = first[key]
            continue
        first[key] = number
        tensors += _pieces(payload, number, data, roles.get(payload.path), inputs)
    return tensors, repeats


def _roles(source: SplitSource) -> tuple[dict[Path, TensorRole], dict[Path, InputKind]]:
    """Return roles and kinds of inputs by path; none where the onnx library cannot read."""
    try:
        model = onnx.load_model_from_string(bytes(source.files[0].data))
    except DecodeError:
        return {}, {}
    return find_roles(model), input_kinds(model)


def _pieces(
    payload: Payload, number: int, data: memoryview, found: TensorRole | None, inputs: dict[Path, InputKind]
) -> Sequence[Tensor]:
    element = element_type(payload.data_type)
    count = payload.length // element.width
    role, view = Role.OTHER, View(ViewKind.MATRIX, 1, count)
    if found is not None and found.view.size == count:
        role, view = found.role, found.view
    kind = None if found is None or found.node is None or found.input == 0 else inputs.get(found.node)
    if payload.length <= MAX_PIECE:
        return [Tensor(payload.name, role, element, view, data, number, payload.dims, kind)]
    # Rows of a transposed view are not contiguous: such a payload is cut as it is stored.
    if view.kind is ViewKind.TRANSPOSED:
        view = View(ViewKind.MATRIX, view.channels, view.rows, view.period)
    columns = view.columns
    if columns * element.width > MAX_SECTION_OUTPUT // 2:
        view = View(ViewKind.MATRIX, count, 1)
        columns = 1
    rows = max(1, MAX_PIECE // (columns * element.width))
    pieces = []
    for row in range(0, view.rows, rows):
        part = View(view.kind, min(rows, view.rows - row), view.channels, view.period)
        start = row * columns * element.width
        span = data[start : start + part.size * element.width]
        pieces.append(Tensor(payload.name, role, element, part, span, number, payload.dims, kind))
    return pieces

"""Tensors as the encoder's methods see them: payloads with role, view and equal copies known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import isqrt, prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.grids import Grids
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.split import Payload, SplitSource, element_type
from nntc.encoder.split.content import Stretch
from nntc.format.container import MAX_SECTION_OUTPUT
from nntc.format.patterns import values_of
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View
from nntc.onnx.nibbles import Nibbles
from nntc.onnx.roles import (
    UNKNOWN_USE,
    UNUSED,
    InputKind,
    Role,
    Scale,
    TensorRole,
    Tolerance,
    find_roles,
    input_kinds,
)
from nntc.onnx.tensor import Path

_UNKNOWN = TensorRole(Role.OTHER, View(ViewKind.MATRIX, 1, 0), reason=UNKNOWN_USE)


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A payload, or some rows of one, to be coded.

    Parameters
    ----------
    name, role
        Of the first ONNX tensor that uses the bytes.
    view
        Rows and columns; its size is the number of elements here.
    original
        The user's bytes of these elements.
    data
        The bytes to be coded: the original's, or others that a method has put in their place.
    payload
        Number of the payload.
    dims
        Shape of the whole ONNX tensor.
    input
        What is known of the values it is multiplied with.
    tolerance
        What errors it stands for the sake of all that uses its bytes.
    reason
        Why it must be exact, if it must.
    names
        Of all ONNX tensors that use the bytes.
    scale
        How large the channels are that its elements are added to, float64 in the payload's own order: what
        their errors are relative to. None where that is not known.
    grid
        Of quantized weights, what the integers stand for; None for what is no such thing.
    nibbles
        Of quantized weights that are two in a byte, what they stand for.
    """

    name: str
    role: Role
    element: ElementType
    view: View
    original: Stretch
    data: Stretch
    payload: int
    dims: tuple[int, ...]
    input: InputKind | None
    tolerance: Tolerance = Tolerance.WEIGHT
    reason: str = ""
    names: tuple[str, ...] = ()
    scale: NDArray[np.float64] | None = None
    grid: IntegerGrid | None = None
    nibbles: Nibbles | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # An open file cannot be pickled; its bytes can. Mostly both are the same.
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        original = bytes(self.original.read())
        data = None if self.data is self.original else bytes(self.data.read())
        return _restore, ({**values, "original": original, "data": data},)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.view.size

    @property
    def weights(self) -> int:
        """Number of weights: elements, or the two in each of them."""
        return self.size if self.nibbles is None else prod(self.nibbles.shape)

    @property
    def has_values(self) -> bool:
        """Whether its elements are numbers, or stand for some, whose error counts."""
        return self.element.is_float or self.grid is not None or self.nibbles is not None

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.original.nbytes

    @property
    def is_vector(self) -> bool:
        """Whether it is a bias, a normalization, or a vector of unknown use."""
        if self.role is Role.OTHER:
            return self.view.rows == 1
        return self.role in (Role.BIAS, Role.NORMALIZATION)

    def changed(self, data: memoryview) -> Tensor:
        """Return the tensor with other bytes to be coded."""
        return replace(self, data=Stretch.of(data))

    def flat(self) -> Tensor:
        """Return the tensor as one row, whose coded order is the payload's own."""
        return replace(self, view=View(ViewKind.MATRIX, 1, self.size), grid=None, nibbles=None)

    def bits(self) -> NDArray[Any]:
        """Return the elements' bit patterns in coded order: unsigned integers or 16-byte voids, rank 1."""
        width = self.element.width
        raw = np.frombuffer(self.data.read(), np.dtype("V16" if width == 16 else f"<u{width}"))
        return self.view.to_coded(raw)

    def values(self) -> NDArray[np.float64]:
        """Return the numbers that the elements are, or stand for, in coded order, float64, rank 1.

        Of a floating-point tensor, or of one with a grid; of nibbles in the order of the payload.
        """
        if self.nibbles is not None:
            return self.nibbles.values(self.data.read()).ravel()
        return values_of(self.bits(), self.element) if self.grid is None else self.grid.values(self.bits())


def _restore(values: dict[str, Any]) -> Tensor:
    original = Stretch.of(memoryview(values["original"]))
    data = original if values["data"] is None else Stretch.of(memoryview(values["data"]))
    return Tensor(**{**values, "original": original, "data": data})


def load_tensors(
    source: SplitSource, graph: onnx.ModelProto | None, device: Device = ANY_DEVICE
) -> tuple[list[Tensor], dict[int, int]]:
    """Return the tensors to code, and for each payload that repeats an earlier one that one's number.

    Bytes that are floating-point numbers here and something else there are coded twice; those that are the
    same numbers in several places once, as exactly as the strictest of these places asks for.

    Parameters
    ----------
    source
        The model's files.
    graph
        The parsed model; None if the onnx library cannot read it: then no use is known.
    device
        A payload that is too large for one section of it is coded in pieces of whole rows.
    """
    inputs = {} if graph is None else input_kinds(graph)
    roles = {} if graph is None else find_roles(graph)
    repeats = _repeats(source)
    copies: dict[int, list[Payload]] = {}
    for number, original in repeats.items():
        copies.setdefault(original, []).append(source.payloads[number])
    values = _Values(source)
    grids = Grids(source, graph)
    tensors: list[Tensor] = []
    for number, payload in enumerate(source.payloads):
        if number not in repeats:
            payloads = [payload, *copies.get(number, ())]
            uses = [roles.get(path, _UNKNOWN) for payload in payloads for path in payload.paths]
            names = tuple(name for payload in payloads for name in payload.names)
            pieces = _pieces(payload, number, source.stretch(payload), uses, names, inputs, values, device)
            tensors += _on_grid(pieces, payloads, grids)
    return tensors, repeats


def _on_grid(pieces: Sequence[Tensor], payloads: Sequence[Payload], grids: Grids) -> Sequence[Tensor]:
    """Return the pieces of a payload, those of quantized weights with their grid."""
    first, dims = pieces[0], payloads[0].dims
    if first.element is not ElementType.OPAQUE1 or first.tolerance is not Tolerance.WEIGHT:
        return pieces
    view = replace(first.view, rows=sum(piece.view.rows for piece in pieces))
    grid = grids.of(payloads, dims, view)
    if grid is None:
        nibbles = grids.nibbles_of(payloads, dims) if len(pieces) == 1 else None
        return pieces if nibbles is None else [replace(first, nibbles=nibbles)]
    ends = np.cumsum([piece.view.rows for piece in pieces]).tolist()
    return [
        replace(piece, grid=grid.rows(end - piece.view.rows, end))
        for piece, end in zip(pieces, ends, strict=True)
    ]


def _repeats(source: SplitSource) -> dict[int, int]:
    """Return for each payload that repeats an earlier one the number of that one."""
    first: dict[tuple[ElementType | None, int, bytes], int] = {}
    repeats: dict[int, int] = {}
    for number, payload in enumerate(source.payloads):
        element = element_type(payload.data_type)
        digest = source.stretch(payload).digest()
        original = first.setdefault((element if element.is_float else None, payload.length, digest), number)
        if original != number:
            repeats[number] = original
    return repeats


class _Values:
    """Floating-point payloads by the path of a tensor."""

    def __init__(self, source: SplitSource) -> None:
        self._source = source
        self._numbers: dict[Path, int] | None = None

    def scale(self, scale: Scale | None, count: int) -> NDArray[np.float64] | None:
        """Return the size of `count` channels, None where it is not known."""
        payload = None if scale is None else self._payload(scale.path)
        if scale is None or payload is None or prod(payload.dims) != count:
            return None
        element = element_type(payload.data_type)
        if not element.is_float:
            return None
        values = values_of(np.frombuffer(self._source.stretch(payload).read(), f"<u{element.width}"), element)
        with np.errstate(invalid="ignore"):
            size = np.sqrt(np.maximum(values, 0) + scale.floor) if scale.is_variance else np.abs(values)
        return size if np.isfinite(size).all() else None

    def _payload(self, path: Path) -> Payload | None:
        if self._numbers is None:  # few networks ask
            payloads = enumerate(self._source.payloads)
            self._numbers = {path: number for number, payload in payloads for path in payload.paths}
        number = self._numbers.get(path)
        return None if number is None else self._source.payloads[number]


def _pieces(
    payload: Payload,
    number: int,
    data: Stretch,
    uses: list[TensorRole],
    names: tuple[str, ...],
    inputs: dict[Path, InputKind],
    values: _Values,
    device: Device,
) -> Sequence[Tensor]:
    found = uses[0]
    # A copy that nothing uses asks for nothing, where another one is used.
    used = [use for use in uses if use.reason != UNUSED] or uses
    strict = max(used, key=lambda use: use.tolerance)
    element = element_type(payload.data_type)
    count = payload.length // element.width
    role, view = Role.OTHER, View(ViewKind.MATRIX, 1, count)
    if found.view.size == count:
        role, view = found.role, found.view
    scale = values.scale(strict.scale, count)
    kind = None if found.node is None or found.input == 0 else inputs.get(found.node)
    most = device.section(element.width)
    is_moved = view.kind is ViewKind.TRANSPOSED and payload.length > device.moved
    if payload.length <= most and view.columns <= device.columns and not is_moved:
        whole = (payload.name, role, element, view, data, data, number, payload.dims, kind)
        return [Tensor(*whole, strict.tolerance, strict.reason, names, scale)]
    # Rows of a transposed view are not contiguous: such a payload is coded, and cut, as it is stored.
    if view.kind is ViewKind.TRANSPOSED:
        view = View(ViewKind.MATRIX, view.channels, view.rows, view.period)
    columns = view.columns
    longest = min(MAX_SECTION_OUTPUT // 2, most, device.columns * element.width) // element.width
    if columns > longest:
        columns = _largest_divisor(columns, longest)
        view = View(ViewKind.MATRIX, count // columns, columns)
    rows = max(1, most // (columns * element.width))
    pieces = []
    for row in range(0, view.rows, rows):
        part = View(view.kind, min(rows, view.rows - row), view.channels, view.period)
        start = row * columns * element.width
        span = data.part(start, part.size * element.width)
        whole = (payload.name, role, element, part, span, span, number, payload.dims, kind)
        pieces.append(Tensor(*whole, strict.tolerance, strict.reason, names))
    return pieces


def _largest_divisor(number: int, most: int) -> int:
    """Return the largest divisor of a number that is at most `most`."""
    small = [n for n in range(1, isqrt(number) + 1) if number % n == 0]
    return max(n for n in (*small, *(number // n for n in small)) if n <= most)

"""Grids of a model's payloads: quantized weights with the scales that their graph has for them."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from nntc.encoder.integer_grid import IntegerGrid, grid_of
from nntc.encoder.split import Payload, SplitSource, payload_dtype
from nntc.format.registry import ElementType
from nntc.format.view import View
from nntc.onnx.arrays import elements
from nntc.onnx.integers import IntegerUse, affine_of, find_integer_uses
from nntc.onnx.nibbles import FOUR_BITS, Nibbles, nibbles_of, plain_integers
from nntc.onnx.tensor import Path, message_at

_ELEMENTS: dict[int, ElementType] = {
    onnx.TensorProto.INT8: ElementType.INT8,
    onnx.TensorProto.UINT8: ElementType.UINT8,
}
_FLOATING = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}


class Grids:
    """Finds the grids of payloads.

    Parameters
    ----------
    source
        The model's files.
    graph
        The parsed model, its payloads left out; None if the onnx library cannot read it.
    """

    def __init__(self, source: SplitSource, graph: onnx.ModelProto | None) -> None:
        self._source, self._graph = source, graph
        self._uses: dict[Path, list[IntegerUse]] = {} if graph is None else find_integer_uses(graph)
        self._payloads: dict[Path, Payload] | None = None

    def of(self, payloads: Iterable[Payload], dims: tuple[int, ...], view: View) -> IntegerGrid | None:
        """Return what all payloads of the same bytes stand for, None where that is not known.

        Parameters
        ----------
        dims, view
            Shape of the first, and its elements as a matrix.
        """
        data_type, uses = self._uses_of(payloads, dims)
        element = _ELEMENTS.get(data_type)
        if element is None or not uses:
            return None
        affine = affine_of(uses, dims, self._value)
        return None if affine is None else grid_of(affine, element, dims, view)

    def nibbles_of(self, payloads: Iterable[Payload], dims: tuple[int, ...]) -> Nibbles | None:
        """Return what the 4-bit weights in all payloads of the same bytes stand for, None as `of`."""
        data_type, uses = self._uses_of(payloads, dims)
        return nibbles_of(uses, data_type, dims, self._value) if uses else None

    def _uses_of(self, payloads: Iterable[Payload], dims: tuple[int, ...]) -> tuple[int, list[IntegerUse]]:
        """Return the one type of payloads and all their uses; no uses where some are not known."""
        paths: list[Path] = []
        kinds = set()
        for payload in payloads:
            if payload.dims != dims:
                return 0, []
            paths += payload.paths
            kinds.add(payload.data_type)
        if len(kinds) != 1 or not all(path in self._uses for path in paths):
            return 0, []
        return kinds.pop(), [use for path in paths for use in self._uses[path]]

    def _value(self, path: Path) -> NDArray[Any] | None:
        """Return the value of a constant of the main graph."""
        if self._payloads is None:
            self._payloads = {path: payload for payload in self._source.payloads for path in payload.paths}
        payload = self._payloads.get(path)
        if payload is not None and payload.path == path:
            if payload.data_type in FOUR_BITS:
                data = self._source.stretch(payload).read()
                return elements(data, payload.data_type, prod(payload.dims)).reshape(payload.dims)
            kind = payload_dtype(payload.data_type)
            if payload.data_type == onnx.TensorProto.INT8:
                kind = np.dtype(np.int8)
            if payload.data_type not in _FLOATING and payload.data_type not in _ELEMENTS:
                return None
            return np.frombuffer(self._source.stretch(payload).read(), kind).reshape(payload.dims)
        if payload is not None or self._graph is None:
            return None
        try:
            tensor = message_at(self._graph, path)
            return plain_integers(np.asarray(numpy_helper.to_array(tensor)), tensor.data_type)
        except (ValueError, TypeError):  # its data is elsewhere
            return None

"""Kernels that make elements, in C: arrays made ready for the extension module, and what it fills.

Implements SPEC.md 9.5 to 9.8 (R-530, R-540, R-541, R-543, R-550).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.streams import DependentTokens
from nntc.format.bits import padding_is_zero
from nntc.format.dct import basis
from nntc.format.integers import ESCAPE, MAX_LEVEL
from nntc.format.registry import ElementType, ViewKind
from nntc.format.steps import MAX_SCALED, STEP_CODES
from nntc.format.transform import SCALE
from nntc.kernels.native import _native
from nntc.kernels.native.tables import TOKENS
from nntc.kernels.numpy import elements

if TYPE_CHECKING:
    from nntc.decoder.entropy.runs import Tokens
    from nntc.decoder.tensor.uniform import Uniform

_TYPES: dict[ElementType, type[np.generic]] = {
    ElementType.INT8: np.int8,
    ElementType.UINT8: np.uint8,
    ElementType.FLOAT16: np.float16,
    ElementType.BFLOAT16: np.uint16,
    ElementType.FLOAT32: np.float32,
    ElementType.FLOAT64: np.float64,
}
_MOST_PLANES = 8
_NO_TRANSFORM = (0, 0, 0, None, None)


def reconstruct(
    record: Uniform,
    tokens: Tokens,
    row_codes: NDArray[np.uint8] | None,
    column_codes: NDArray[np.uint8] | None,
) -> NDArray[Any] | None:
    """Return the elements of a record; as `nntc.kernels.elements.reconstruct`."""
    levels, view, block = record.levels, record.view, record.transform
    if levels.sparse is not None or not -MAX_LEVEL <= levels.min_level <= MAX_LEVEL - ESCAPE:
        return None
    if levels.low_bits and not padding_is_zero(levels.low_data, view.size, levels.low_bits):
        return None
    if isinstance(tokens, DependentTokens):
        if tokens.tokens is not TOKENS:  # numpy has decoded them
            return None
        tokens = tokens.indices()
    scale = record.step if block is None else record.step * SCALE
    factors = np.array([scale]) if row_codes is None else scale * STEP_CODES.take(row_codes)
    transform: tuple[Any, ...] = _NO_TRANSFORM
    if block is not None:
        transform = block.height, block.width, block.mix, basis(block.height), basis(block.width)
    out = np.empty(tokens.size, _TYPES[record.element])
    is_valid = _native.reconstruct(
        (np.ascontiguousarray(tokens), tokens.itemsize == 2, levels.min_level, levels.escapes),
        (levels.low_data or None, levels.low_bits),
        (_ends(record), view.rows, view.columns),
        (factors, column_codes, STEP_CODES, record.bases),
        transform,
        (record.offset, MAX_SCALED if block is None else block.limit, record.element, out),
    )
    return out if is_valid else None


def _ends(record: Uniform) -> NDArray[np.int64] | None:
    """Return where the rows of a ragged view end."""
    if record.view.kind is not ViewKind.RAGGED:
        return None
    return np.cumsum(record.view.lengths, dtype=np.int64)


def join_planes(planes: Sequence[NDArray[np.uint8]], *, rotated: bool) -> NDArray[Any]:
    """Return elements whose bytes are in planes; as `nntc.kernels.elements.join_planes`."""
    width = len(planes)
    if width > _MOST_PLANES:
        return elements.join_planes(planes, rotated=rotated)
    out = np.empty(planes[0].size, f"<u{width}")
    own = [np.ascontiguousarray(plane) for plane in planes]
    _native.join_planes((*own, *[None] * (_MOST_PLANES - width)), rotated, out)
    return out


def new_bytes(size: int) -> tuple[bytes, memoryview] | None:
    """Return bytes to be written; as `nntc.kernels.elements.new_bytes`."""
    try:
        return _native.new_bytes(size) if size > 1 else None  # bytes of one are shared
    except MemoryError:
        return None

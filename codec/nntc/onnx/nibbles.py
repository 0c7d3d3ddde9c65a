"""Weights of 4 bits, two in a byte: what each of them stands for, by the operator that reads them.

| operator | weights | a scale for |
|---|---|---|
| MatMulNBits | uint8 [N, blocks, bytes of a block] | a block of a row |
| GatherBlockQuantized | int4, uint4, or uint8 of half as many | a block along an axis |
| DequantizeLinear | int4, uint4 | the tensor, a channel, or a block along an axis |
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple, TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.onnx.attributes import integer
from nntc.onnx.integers import IntegerUse, ValueOf
from nntc.onnx.operators import CONTRIB, is_operator

T = TypeVar("T", bound=np.generic)

FOUR_BITS = frozenset({onnx.TensorProto.INT4, onnx.TensorProto.UINT4})
"""Types of `TensorProto.DataType` whose elements have 4 bits."""
_ORDER = 4  # input of MatMulNBits: which group each column is of
_MIDDLE = 8
"""Zero point of weights in uint8 that have none of their own."""


class Nibbles(NamedTuple):
    """Weights of 4 bits: scale * (integer - zero).

    Parameters
    ----------
    dims
        Their shape, one integer each, in the order in which they are stored.
    shape
        That of those that count: MatMulNBits fills up the last block of each row. `dims` otherwise.
    scale
        float32, broadcasts to `dims`; with a block, has one for each of them along the axis.
    zero
        int8, as `scale`.
    is_signed
        Whether the integers are -8..7; 0..15 otherwise.
    axis, block
        Integers that share scale and zero along this axis; 0 for what broadcasts.
    """

    dims: tuple[int, ...]
    shape: tuple[int, ...]
    scale: NDArray[np.float32]
    zero: NDArray[np.int8]
    is_signed: bool
    axis: int = 0
    block: int = 0

    def codes(self, data: bytes | memoryview | NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the nibbles in stored bytes, 0..15, of `dims`."""
        return unpacked(data, prod(self.dims)).reshape(self.dims)

    def values(self, data: bytes | memoryview | NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the weights that stored bytes stand for, float64, of `shape`."""
        own = integers_of(self.codes(data), is_signed=self.is_signed) - self.spread(self.zero)
        return self.cropped(own.astype(np.float64) * self.spread(self.scale))

    def spread(self, values: NDArray[T]) -> NDArray[T]:
        """Return scales or zeros, one for each weight, of `dims`."""
        if self.block:
            values = np.repeat(values, self.block, self.axis).take(range(self.dims[self.axis]), self.axis)
        return np.broadcast_to(values, self.dims)

    def cropped(self, values: NDArray[T]) -> NDArray[T]:
        """Return those of an array of `dims` that count, of `shape`."""
        if self.dims == self.shape:
            return values
        return values.reshape(self.shape[0], -1)[:, : self.shape[1]]

    def filled(self, values: NDArray[T], rest: NDArray[T]) -> NDArray[T]:
        """Return an array of `dims` with these of `shape`, and what does not count from another."""
        if self.dims == self.shape:
            return values.reshape(self.dims)
        whole = rest.copy()
        self.cropped(whole)[...] = values.reshape(self.shape)
        return whole


def unpacked(data: bytes | memoryview | NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Return `count` nibbles, 0..15, rank 1, from bytes that have them low bits first."""
    own = np.frombuffer(data, np.uint8)
    return np.stack([own & 15, own >> 4], axis=1).ravel()[:count]


def packed(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the bytes of nibbles, 0..15, rank 1; one that is left over has zeros beside it."""
    padded = np.zeros(nibbles.size + nibbles.size % 2, np.uint8)
    padded[: nibbles.size] = nibbles
    low, high = padded[::2], padded[1::2]
    return low | (high << np.uint8(4))


def integers_of(nibbles: NDArray[np.uint8], *, is_signed: bool) -> NDArray[np.int8]:
    """Return the integers that nibbles are, int8."""
    own = nibbles.view(np.int8)
    return (own ^ 8) - 8 if is_signed else own


def plain_integers(values: NDArray[Any], data_type: int) -> NDArray[Any]:
    """Return an array, one of a 4-bit type as integers of 8 bits: numpy has no type of its own for them."""
    return values.astype(np.int8) if data_type in FOUR_BITS else values


def nibbles_of(
    uses: list[IntegerUse], data_type: int, dims: tuple[int, ...], value_of: ValueOf
) -> Nibbles | None:
    """Return what 4-bit weights stand for; None if it is no such tensor, its uses differ, or it is not known.

    Parameters
    ----------
    uses
        All of them.
    data_type, dims
        As in TensorProto.
    value_of
        Returns the value of a constant, None where it is not known; of 4-bit types integers of 8 bits.
    """
    found: Nibbles | None = None
    for use in uses:
        own = _of(use, data_type, dims, value_of)
        if own is None or (found is not None and not _alike(found, own)):
            return None
        found = own
    return found


def _alike(one: Nibbles, other: Nibbles) -> bool:
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True))


def _of(use: IntegerUse, data_type: int, dims: tuple[int, ...], value_of: ValueOf) -> Nibbles | None:
    scale = None if use.scale is None else value_of(use.scale)
    zero = None if use.zero is None else value_of(use.zero)
    if scale is None or scale.dtype.kind != "f" or (use.zero is not None and zero is None):
        return None
    scale = scale.astype(np.float32)
    if not np.isfinite(scale).all() or not scale.any() or (zero is not None and zero.dtype.kind not in "iu"):
        return None
    if is_operator(use.node, "MatMulNBits", domain=CONTRIB):
        return _of_product(use.node, data_type, dims, scale, zero)
    if is_operator(use.node, "GatherBlockQuantized", domain=CONTRIB):
        return _of_table(use.node, data_type, dims, scale, zero)
    if use.node.op_type == "DequantizeLinear" and data_type in FOUR_BITS:
        return _of_elements(use.node, data_type, dims, scale, zero)
    return None


def _of_product(
    node: onnx.NodeProto,
    data_type: int,
    dims: tuple[int, ...],
    scale: NDArray[np.float32],
    zero: NDArray[Any] | None,
) -> Nibbles | None:
    rows, columns, block = (integer(node, name, 0) for name in ("N", "K", "block_size"))
    has_order = len(node.input) > _ORDER and node.input[_ORDER] != ""
    if data_type != onnx.TensorProto.UINT8 or integer(node, "bits", 4) != 4 or has_order:
        return None
    if rows < 1 or columns < 1 or block < 2 or block % 2:
        return None
    blocks = -(-columns // block)
    if prod(dims) != rows * blocks * block // 2 or scale.size != rows * blocks:
        return None
    zeros = _zeros(zero, rows, blocks)
    if zeros is None:
        return None
    shape = (rows, blocks, 1)
    return Nibbles((rows, blocks, block), (rows, columns), scale.reshape(shape), zeros.reshape(shape), False)


def _zeros(zero: NDArray[Any] | None, rows: int, blocks: int) -> NDArray[np.int8] | None:
    """Return the zero points of blocks, each row's in whole bytes."""
    if zero is None:
        return np.full((rows, blocks), _MIDDLE, np.int8)
    if zero.dtype != np.uint8 or zero.size != rows * -(-blocks // 2):
        return None
    own = unpacked(np.ascontiguousarray(zero).ravel(), 2 * zero.size)
    return own.reshape(rows, -1)[:, :blocks].astype(np.int8)


def _of_table(
    node: onnx.NodeProto,
    data_type: int,
    dims: tuple[int, ...],
    scale: NDArray[np.float32],
    zero: NDArray[Any] | None,
) -> Nibbles | None:
    if integer(node, "bits", 4) != 4 or not dims or integer(node, "gather_axis", 0) != 0:
        return None
    axis, block = integer(node, "quantize_axis", 1) % len(dims), integer(node, "block_size", 128)
    if data_type in FOUR_BITS:
        return _in_blocks(data_type, dims, axis, block, scale, zero)
    if data_type != onnx.TensorProto.UINT8 or axis != len(dims) - 1 or scale.ndim != len(dims):
        return None
    shape = (*dims[:-1], 2 * dims[-1])
    zero = _zeros(zero, prod(dims[:-1]), scale.shape[-1])
    if zero is None or zero.size != scale.size:
        return None
    return _in_blocks(data_type, shape, axis, block, scale, zero.reshape(scale.shape))


def _of_elements(
    node: onnx.NodeProto,
    data_type: int,
    dims: tuple[int, ...],
    scale: NDArray[np.float32],
    zero: NDArray[Any] | None,
) -> Nibbles | None:
    axis, block = integer(node, "axis", 1), integer(node, "block_size", 0)
    if zero is not None and zero.shape != scale.shape:
        return None
    if scale.size == 1:
        return _signed(data_type, dims, scale.reshape(()), None if zero is None else zero.reshape(()))
    if not -len(dims) <= axis < len(dims):
        return None
    axis %= len(dims)
    if block:
        return _in_blocks(data_type, dims, axis, block, scale, zero)
    if scale.shape != dims[axis : axis + 1]:
        return None
    shape = tuple(scale.size if i == axis else 1 for i in range(len(dims)))
    return _signed(data_type, dims, scale.reshape(shape), None if zero is None else zero.reshape(shape))


def _in_blocks(
    data_type: int,
    dims: tuple[int, ...],
    axis: int,
    block: int,
    scale: NDArray[np.float32],
    zero: NDArray[Any] | None,
) -> Nibbles | None:
    """Return weights with a scale for each block along an axis."""
    blocks = (
        tuple(-(-size // block) if i == axis else size for i, size in enumerate(dims)) if block > 0 else ()
    )
    if scale.shape != blocks or (zero is not None and zero.shape != blocks):
        return None
    return _signed(data_type, dims, scale, zero, axis, block)


def _signed(
    data_type: int,
    dims: tuple[int, ...],
    scale: NDArray[np.float32],
    zero: NDArray[Any] | None,
    axis: int = 0,
    block: int = 0,
) -> Nibbles:
    own = np.zeros(scale.shape, np.int8) if zero is None else zero.astype(np.int8)
    return Nibbles(dims, dims, scale, own, data_type == onnx.TensorProto.INT4, axis, block)

"""Convolutions and transposed convolutions of any rank, groups, strides, dilations and padding.

https://onnx.ai/onnx/operators/onnx__Conv.html, https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.encoder.calibration.layers.layer import (
    Along,
    Array,
    Floats,
    LayerInput,
    Placement,
    choose,
    order_of,
)
from nntc.onnx.attributes import integer, integers, string
from nntc.onnx.roles.views import axis_view


@dataclass(frozen=True)
class ConvolutionInput(LayerInput):
    """Input patches (im2col): element (channel, kernel position) of a vector, row-major.

    Parameters
    ----------
    name
        The convolved tensor, shape (samples, channels, ...).
    channels
        Its channels.
    kernel, strides, dilations
        One number for each spatial axis.
    pads
        Padding before and after each axis, all that come before first; None where `auto_pad` says.
    auto_pad
        NOTSET, VALID, SAME_UPPER or SAME_LOWER.
    groups
        Blocks of channels.
    transposed
        Whether the convolution is a transposed one. Then an output position has an input at those kernel
        positions only that a stride leads to.
    output_padding, output_shape
        Of a transposed convolution; () where not given.
    """

    name: str
    channels: int
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...] | None
    auto_pad: str
    groups: int
    transposed: bool = False
    output_padding: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()

    @property
    def tensors(self) -> tuple[str, ...]:
        """Name of the convolved tensor."""
        return (self.name,)

    @property
    def blocks(self) -> int:
        """Groups."""
        return self.groups

    @property
    def size(self) -> int:
        """Channels of a group times kernel positions."""
        return self.channels // self.groups * self.taps

    @property
    def taps(self) -> int:
        """Kernel positions."""
        return prod(self.kernel)

    def vectors(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """Return patches of randomly chosen output positions."""
        x = values[0]
        samples, spatial = x.shape[0], x.shape[2:]
        geometry = [self._axis(axis, size) for axis, size in enumerate(spatial)]
        shape = (samples, *(output for output, _ in geometry))
        total = prod(shape)
        sample, *positions = np.unravel_index(choose(total, limit * samples, rng), shape)
        count = len(sample)
        place = np.zeros((count,) + (1,) * len(spatial), np.int64)
        inside = np.ones_like(place, bool)
        for axis, (size, (_, begin)) in enumerate(zip(spatial, geometry, strict=True)):
            at, exists = self._coordinates(axis, positions[axis], begin, size)
            spread = [1] * (len(spatial) + 1)
            spread[0], spread[axis + 1] = at.shape
            place = place * size + at.reshape(spread)
            inside = inside & exists.reshape(spread)
        place, inside = place.reshape(count, -1), inside.reshape(count, -1)
        flat = x.reshape(samples, x.shape[1], -1)
        patches = flat[sample[:, None], :, np.where(inside, place, 0)].astype(np.float32)
        patches[~inside] = 0
        by_channel = patches.transpose(0, 2, 1).reshape(count, self.groups, self.size)
        return by_channel.transpose(1, 0, 2), total

    def _axis(self, axis: int, size: int) -> tuple[int, int]:
        """Return the outputs along an axis of `size` inputs, and the padding before them."""
        stride = self.strides[axis]
        extent = (self.kernel[axis] - 1) * self.dilations[axis] + 1
        if self.transposed:
            extra = self.output_padding[axis] if self.output_padding else 0
            full = stride * (size - 1) + extra + extent
            if self.output_shape:
                output = self.output_shape[axis]
            elif self.auto_pad.startswith("SAME"):
                output = size * stride
            else:
                begin, end = self._pads(axis)
                return full - begin - end, begin
            return output, self._half(max(full - output, 0))
        if self.auto_pad.startswith("SAME"):
            output = -(-size // stride)
            return output, self._half(max((output - 1) * stride + extent - size, 0))
        begin, end = self._pads(axis)
        return (size + begin + end - extent) // stride + 1, begin

    def _pads(self, axis: int) -> tuple[int, int]:
        if self.pads is None:
            return 0, 0
        return self.pads[axis], self.pads[axis + len(self.kernel)]

    def _half(self, total: int) -> int:
        """Return the part of a total padding that comes first."""
        return total // 2 if self.auto_pad == "SAME_UPPER" else total - total // 2

    def _coordinates(
        self, axis: int, positions: NDArray[np.int64], begin: int, size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the input coordinates at each position and kernel position, and whether they exist."""
        taps = np.arange(self.kernel[axis]) * self.dilations[axis]
        stride = self.strides[axis]
        if self.transposed:
            strided = positions[:, None] + begin - taps
            at, off = np.divmod(strided, stride)
            return at, (off == 0) & (at >= 0) & (at < size)
        at = positions[:, None] * stride - begin + taps
        return at, (at >= 0) & (at < size)


def convolution(
    node: onnx.NodeProto, dims: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[LayerInput, Placement] | None:
    """Return input and placement of a convolution's kernels, shape `dims`, axes seen in the order `axes`."""
    transposed = node.op_type == "ConvTranspose"
    seen = tuple(dims[axis] for axis in axes)
    if len(seen) < 3:
        return None
    groups = integer(node, "group", 1)
    kernel = seen[2:]
    ones = (1,) * len(kernel)
    auto_pad = string(node, "auto_pad", "NOTSET")
    channels = seen[0] if transposed else seen[1] * groups
    depthwise = groups > 1 and seen[1] == 1
    # Kernels of a transposed depthwise convolution that share an output count as if they did not.
    blocks = channels if transposed and depthwise else groups
    source = ConvolutionInput(
        node.input[0],
        channels,
        kernel,
        integers(node, "strides") or ones,
        integers(node, "dilations") or ones,
        integers(node, "pads") or (0,) * (2 * len(kernel)) if auto_pad == "NOTSET" else None,
        auto_pad,
        blocks,
        transposed,
        integers(node, "output_padding") if transposed else (),
        integers(node, "output_shape") if transposed else (),
    )
    rows = 1 if transposed and not depthwise else 0
    columns = [axis for axis in range(len(seen)) if axis != rows]
    if rows == 1:
        if groups > 1 and axes[0] > min(axes[2:]):
            return None  # the groups' columns are scattered
        sizes = (seen[0] // groups, *kernel)
        along = Along.COLUMNS if groups > 1 else Along.ROWS
    else:
        sizes, along = seen[1:], Along.ROWS
    order = order_of(sizes, [axes[axis] for axis in columns])
    return source, Placement(axis_view(dims, axes[rows]), along, order)

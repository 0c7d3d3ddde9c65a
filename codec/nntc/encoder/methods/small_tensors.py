"""Small tensors, coded together as the rows of ragged records (SPEC.md, "Views")."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.allocate import MAX_NOISE
from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.quantize.row_steps import ROW_NOISE, find_column_codes
from nntc.encoder.quantize.uniform import WHOLE, UniformQuantizer
from nntc.encoder.tensor.ragged import ragged_record, ragged_view
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.encoder.tensors import Tensor
from nntc.format.registry import Coder, ElementType
from nntc.format.rounding import round_to_element
from nntc.format.steps import STEP_CODES
from nntc.format.view import View
from nntc.onnx.roles import Tolerance

_MAX_OUTPUT = 1 << 20
"""Bytes of one group: a decoder keeps groups in memory until their last part is used."""


_MANTISSA = {
    ElementType.FLOAT16: 10,
    ElementType.BFLOAT16: 7,
    ElementType.FLOAT32: 23,
    ElementType.FLOAT64: 52,
}
_MAX_SPREAD = 2.0**28  # of the steps in a group: step codes reach a little further
_LEAST_STEP = 2.0**-1000
_CHANNEL_NOISE = ROW_NOISE
"""Noise that a channel may have relative to its size, relative to what the whole tensor may have."""
_SMALL_SHARE = 0.25
_MAX_BITS = 29  # of levels: these, and their distances from a base, have 31


def code_small_exactly(
    tensors: Sequence[Tensor], numbers: Sequence[int], notes: Mapping[int, str], device: Device = ANY_DEVICE
) -> list[PlannedRecord]:
    """Return exact records of small tensors, those of one element type together."""
    coded = []
    for element, group in _groups(tensors, numbers):
        view = ragged_view([tensors[i].size for i in group])
        bits = np.concatenate([tensors[i].flat().bits() for i in group])
        reasons = sorted({notes[i] for i in group if notes[i]})
        coded.append(
            PlannedRecord(lossless_record(element, view, bits, "; ".join(reasons), device), tuple(group))
        )
    return coded


@dataclass(frozen=True, slots=True, eq=False)
class SmallGroup:
    """Small tensors of one element type that are coded together, or one that is coded alone.

    Parameters
    ----------
    tensors
        Flat, in the order of `numbers`.
    steps
        Of each; None for those that are rounded one by one.
    patterns
        Of these, the bit patterns that are left, one after the other.
    """

    tensors: tuple[Tensor, ...]
    numbers: tuple[int, ...]
    is_alone: bool
    steps: tuple[float, ...] | None = None
    patterns: NDArray[np.unsignedinteger] | None = None

    @property
    def element(self) -> ElementType:
        """Their element type."""
        return self.tensors[0].element

    @property
    def view(self) -> View:
        """Their view."""
        if self.is_alone:
            return self.tensors[0].view
        return ragged_view([tensor.size for tensor in self.tensors])

    def record(self, device: Device = ANY_DEVICE) -> Record:
        """Return their record."""
        if self.patterns is not None:
            return lossless_record(self.element, self.view, self.patterns, device=device)
        if self.is_alone:
            return _uniform_alone(self.tensors[0], (self.steps or (0.0,))[0])
        return self.uniform([tensor.values() for tensor in self.tensors], device)

    def uniform(self, values: Sequence[NDArray[np.float64]], device: Device = ANY_DEVICE) -> Record:
        """Return a ragged uniform record of values, with a step code and a base for each tensor.

        Raises
        ------
        ValueError
            They are too many steps.
        """
        return _uniform_group(values, self.steps or (), self.element, device)


def code_small_tensors(
    tensors: Sequence[Tensor], numbers: Sequence[int], noise: Sequence[float], device: Device = ANY_DEVICE
) -> list[PlannedRecord]:
    """Return records of biases, normalizations and other small tensors; see `small_groups`."""
    return [
        PlannedRecord(group.record(device), group.numbers)
        for group in small_groups(tensors, numbers, noise, device)
    ]


def small_groups(
    tensors: Sequence[Tensor], numbers: Sequence[int], noise: Sequence[float], device: Device = ANY_DEVICE
) -> Iterator[SmallGroup]:
    """Yield biases, normalizations and other small tensors in the groups in which they are coded.

    What scales is rounded element by element, as is what is added to channels of very different size.

    Parameters
    ----------
    noise
        Noise power to allow each, relative to its variance; of what scales, relative to each element.
    device
        What it has no room for together with others, the largest, is coded alone.
    """
    chosen = set(numbers)
    tensors = [_with_line_scale(tensor).flat() if i in chosen else tensor for i, tensor in enumerate(tensors)]
    allowed = dict(zip(numbers, noise, strict=True))
    steps = {i: _wanted_step(tensors[i], allowed[i]) for i in numbers}
    limits = {i: _limits(tensors[i], allowed[i]) for i in numbers}
    # One step and its codes reach only so far.
    least = max(steps.values(), default=0.0) / _MAX_SPREAD
    wide = [i for i in numbers if steps[i] < least or _is_wide(tensors[i], steps[i], limits[i])]
    is_narrow = set(numbers).difference(wide)
    narrow = [i for i in numbers if i in is_narrow]
    alone = _too_many(tensors, numbers, device)
    for _, group in _groups(tensors, narrow, alone):
        own = tuple(tensors[i] for i in group)
        yield SmallGroup(own, tuple(group), group[0] in alone, steps=tuple(steps[i] for i in group))
    for _, group in _groups(tensors, wide, alone):
        bits = np.concatenate([_rounded(tensors[i], allowed[i], steps[i], limits[i]) for i in group])
        own = tuple(tensors[i] for i in group)
        yield SmallGroup(own, tuple(group), group[0] in alone, patterns=bits)


def _too_many(tensors: Sequence[Tensor], numbers: Sequence[int], device: Device) -> set[int]:
    """Return the tensors, the largest of all, that a device has no room for together."""
    by_size = sorted(numbers, key=lambda i: tensors[i].nbytes)
    ends = accumulate(tensors[i].nbytes for i in by_size)
    return {i for i, end in zip(by_size, ends, strict=True) if end > device.together}


def _groups(
    tensors: Sequence[Tensor], numbers: Sequence[int], alone: Collection[int] = ()
) -> Iterator[tuple[ElementType, list[int]]]:
    """Yield tensors of one element type, at most `_MAX_OUTPUT` bytes together, and those that are alone."""
    for i in numbers:
        if i in alone:
            yield tensors[i].element, [i]
    numbers = [i for i in numbers if i not in alone]
    for element in sorted({tensors[i].element for i in numbers}):
        group: list[int] = []
        output = 0
        for i in (i for i in numbers if tensors[i].element == element):
            size = tensors[i].size * element.width
            if group and output + size > _MAX_OUTPUT:
                yield element, group
                group, output = [], 0
            group.append(i)
            output += size
        if group:
            yield element, group


def _with_line_scale(tensor: Tensor) -> Tensor:
    """Return a small weight tensor with the size of its rows and columns, what errors are relative to."""
    if tensor.tolerance is not Tolerance.WEIGHT or tensor.view.rows < 2:
        return tensor
    rows = tensor.values().reshape(tensor.view.rows, -1)
    largest = float(np.abs(rows).max()) or 1.0  # squares of float64 weights could overflow
    sizes = np.sqrt(np.mean((rows / largest) ** 2, axis=1))[:, None]
    scale = np.broadcast_to(largest * sizes, rows.shape)
    alike = np.divide(rows, sizes, out=np.zeros_like(rows), where=sizes > 0)
    codes = find_column_codes(alike, tensor.view.period)
    if codes is not None:
        factors = STEP_CODES[codes] / STEP_CODES[codes].max()
        scale = scale * np.where(factors < 1, factors / ROW_NOISE**0.5, 1.0)
    return replace(tensor, scale=tensor.view.from_coded(scale.ravel()))


def _limits(tensor: Tensor, noise: float) -> NDArray[np.float64]:
    """Return the largest step for each element of what is added: relative to its channel, or to itself."""
    size = np.abs(tensor.values())
    if tensor.scale is not None:
        size = np.maximum(size, tensor.scale)
    steps: NDArray[np.float64] = np.sqrt(12 * min(_CHANNEL_NOISE * noise, MAX_NOISE)) * size
    return steps


def _is_wide(tensor: Tensor, step: float, limits: NDArray[np.float64]) -> bool:
    """Return whether elements differ so much that small ones need a precision of their own."""
    if tensor.tolerance is Tolerance.SCALING:
        return True
    if tensor.scale is not None:
        return bool((limits < step).any())
    # Some elements are near zero by chance; where many are, they are small of their kind.
    return 4 * float(np.quantile(np.abs(tensor.values()), _SMALL_SHARE)) < step


def _rounded(
    tensor: Tensor, noise: float, step: float, limits: NDArray[np.float64]
) -> NDArray[np.unsignedinteger]:
    """Return bit patterns rounded one by one."""
    if tensor.tolerance is Tolerance.SCALING:
        return _truncate(tensor, noise)
    steps = np.minimum(limits, step)
    exponents = WHOLE.levels(np.log2(np.maximum(steps, _LEAST_STEP)))
    values = UniformQuantizer(np.ldexp(1.0, exponents)).nearest(tensor.values())
    rounded: NDArray[np.unsignedinteger] = round_to_element(values, tensor.element)
    return rounded.view(f"<u{tensor.element.width}")


def _truncate(tensor: Tensor, noise: float) -> NDArray[np.unsignedinteger]:
    """Return bit patterns rounded to so few mantissa bits that the relative noise is as allowed."""
    mantissa = _MANTISSA[tensor.element]
    # A value rounded to p mantissa bits has a relative error of about 0.2 * 2**-p.
    wanted = int(np.ceil(np.log2(0.2 / np.sqrt(noise))))
    dropped = mantissa - min(max(wanted, 1), mantissa)
    bits = tensor.bits()
    if dropped == 0:
        return bits
    kind = bits.dtype.type
    rounded: NDArray[np.unsignedinteger] = (
        bits + kind((1 << (dropped - 1)) - 1) + (bits >> kind(dropped) & kind(1))
    )
    cut: NDArray[np.unsignedinteger] = rounded >> kind(dropped) << kind(dropped)
    # Subnormal numbers have no bits to spare.
    subnormal = (bits & kind((1 << (8 * tensor.element.width - 1)) - 1)) < kind(1 << mantissa)
    return np.where(subnormal, bits, cut)


def _wanted_step(tensor: Tensor, noise: float) -> float:
    """Return the step for a noise relative to the variance, or the least that levels allow."""
    values = tensor.values()
    return max(float(np.sqrt(12 * noise * values.var())), float(np.abs(values).max()) * 2.0**-_MAX_BITS)


def _uniform_alone(tensor: Tensor, step: float) -> Record:
    """Return the uniform record of one tensor, which a decoder need not keep as it keeps groups."""
    quantizer = UniformQuantizer(float(np.float32(step)))
    levels = quantizer.levels(tensor.values())
    return uniform_record(tensor.element, tensor.view, UniformParameters.of(quantizer), levels, Coder.RANS)


def _uniform_group(
    values: Sequence[NDArray[np.float64]], steps: Sequence[float], element: ElementType, device: Device
) -> Record:
    """Return a ragged uniform record: a step code and a base for each tensor."""
    wanted = np.array(steps)
    step = float(np.float32(wanted.min() / STEP_CODES[0]))
    codes = np.clip(np.searchsorted(STEP_CODES, wanted / step, side="right") - 1, 0, 255).astype(np.uint8)
    quantizers = [UniformQuantizer(step * float(STEP_CODES[code])) for code in codes]
    levels = [own.levels(one) for own, one in zip(quantizers, values, strict=True)]
    return ragged_record(element, step, codes, levels, device)

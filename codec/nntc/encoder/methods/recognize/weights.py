"""Levels of weight tensors that were coded before, found from their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.methods.recognize.layouts import Layout, layouts
from nntc.encoder.methods.recognize.paths import SEARCHED, column_codes, follow, segments
from nntc.encoder.methods.recognize.steps import common_step
from nntc.encoder.methods.weights import LONG_SEGMENT, SCALAR_STEP, SEGMENT, Quantized, Scalar
from nntc.encoder.quantize.blocks import cut_blocks
from nntc.encoder.quantize.dct import forward, mixing_gain
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.rates import density_of, family_of
from nntc.encoder.quantize.rounded import exact_step, half_ulps, patterns, relative_error
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.quantize.shaping import Shaping, equal_steps, shapings
from nntc.encoder.quantize.trellis import MAX_LEVEL, TrellisLevels
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.encoder.tensors import Tensor
from nntc.format.registry import ElementType, ViewKind
from nntc.format.rounding import round_to_element
from nntc.format.steps import STEP_CODES
from nntc.format.transform import SCALE, Transform
from nntc.format.trellis import Machine

_SAMPLE = 1 << 12  # values that a domain is tried on
_MAX_SCALAR = 1 << 16  # levels without trellis: more are data of some fixed-point format
_LEAST_MAGNITUDES = (0.0, 0.25, 0.5)
"""What weights that became zero may have been, in steps: rows and columns of zeros tell nothing of it."""
_ROUNDING_SPREAD = 1.5
"""How much larger than the largest rounding error of a typical weight of its block a coefficient's may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Recognized:
    """Levels from which decoding makes exactly the values that they were found from."""

    quantized: Quantized | Scalar


def recognize_weights(tensor: Tensor) -> Recognized | None:
    """Return the levels of a tensor that was coded before, or None.

    Parameters
    ----------
    tensor
        Floating-point, finite.
    """
    element, view, values = tensor.element, tensor.view, tensor.values()
    for shaping in domains_of(tensor):
        own = values if shaping.view.kind is view.kind else view.from_coded(values)
        found = _in_domain(element, shaping, own)
        if found is not None:
            return Recognized(found)
    return None


def domains_of(tensor: Tensor) -> Iterator[Shaping]:
    """Yield views and transforms that methods have, each once."""
    if tensor.view.kind is ViewKind.RAGGED:
        return
    view, block = cut_blocks(tensor.view)
    paper = Shaping(view, Transform(*block), None, np.ones(view.period))
    seen = set()
    for shaping in [*shapings(tensor), *equal_steps(tensor), paper]:
        key = shaping.view, shaping.transform
        if key not in seen:
            seen.add(key)
            yield shaping


def _in_domain(
    element: ElementType, shaping: Shaping, values: NDArray[np.float64]
) -> Quantized | Scalar | None:
    """Return the levels that values have under a transform."""
    # The largest value is in a row that was not left out.
    columns, period = shaping.view.columns, shaping.view.period
    start = int(np.abs(values).argmax()) // columns * columns
    length = max(_SAMPLE // period, 1) * period
    samples = (values[:length], values[start : start + length], values[start : start + min(columns, length)])
    factors = np.ones(1) if shaping.codes is None else STEP_CODES[shaping.codes[:period]]
    if all(common_step(*_coefficients(element, shaping, sample, factors)) is None for sample in samples):
        return None
    found = []
    for codes in (shaping.codes, None) if shaping.codes is not None else (None,):
        own = factors if codes is not None else np.ones(1)
        numbers = _coefficients(element, shaping, values, own)
        for layout in layouts(*numbers, shaping.view.rows, relative_error(element)):
            quantized = _on_path(element, shaping, values, layout, codes)
            if quantized is not None:
                return quantized
            found.append((layout, codes))
    scalars = (_scalar(element, shaping, values, layout, codes) for layout, codes in found)
    return next((scalar for scalar in scalars if scalar is not None), None)


def _coefficients(
    element: ElementType, shaping: Shaping, values: NDArray[np.float64], factors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values in a domain, and what each may be off by for rounding to the element type.

    Parameters
    ----------
    factors
        What the columns of a block are to be divided by.
    """
    # Not less than half of a subnormal one's distance to the next.
    errors = np.maximum(np.abs(values) * relative_error(element), half_ulps(values, element))
    if shaping.transform is None:
        return values, errors
    blocks = errors.reshape(-1, shaping.view.period)
    typical = np.sqrt(np.mean(np.square(blocks), axis=1, keepdims=True))
    tolerance = np.broadcast_to(_ROUNDING_SPREAD * typical, blocks.shape) / factors
    return (forward(values, shaping.transform).reshape(blocks.shape) / factors).ravel(), tolerance.ravel()


def _on_path(
    element: ElementType,
    shaping: Shaping,
    values: NDArray[np.float64],
    layout: Layout,
    known: NDArray[np.uint8] | None,
) -> Quantized | None:
    """Return levels of a trellis that decode to the values.

    Parameters
    ----------
    known
        Codes of the columns by which integers have been divided; None if there may be any.
    """

    def finished(
        fine: NDArray[np.int64], codes: NDArray[np.uint8] | None, segment: int, machine: Machine
    ) -> Quantized | None:
        found = follow(fine, segment, machine)
        if found is None:
            return None
        step = _exact(element, shaping, codes, values, replace(layout, integers=fine))
        return None if step is None else _quantized(shaping, codes, values, found, step, segment, layout)

    rows, columns = shaping.view.rows, shaping.view.columns
    for segment, machine in product(segments(columns, SEGMENT, LONG_SEGMENT), SEARCHED):
        quantized = finished(layout.integers, known, segment, machine)
        if quantized is not None:
            return quantized
    if known is not None:
        return None
    matrix = layout.integers.reshape(rows, columns)
    for segment, machine in product(segments(columns, columns), SEARCHED):
        solved = column_codes(matrix, segment, machine)
        if solved is not None:
            codes, unit = solved
            fine = (matrix * unit // STEP_CODES[codes].astype(np.int64)).ravel()
            quantized = finished(fine, codes, segment, machine)
            if quantized is not None:
                return quantized
    return None


def _scalar(
    element: ElementType,
    shaping: Shaping,
    values: NDArray[np.float64],
    layout: Layout,
    codes: NDArray[np.uint8] | None,
) -> Scalar | None:
    """Return levels without trellis, where they are what a method may have made."""
    largest = int(np.abs(layout.integers).max())
    if largest > _MAX_SCALAR:
        return None
    step = _exact(element, shaping, codes, values, layout)
    # A power of two is the step of fixed-point data, not one that a method chooses.
    if step is None or (largest > MAX_LEVEL and np.frexp(step)[0] == 0.5):
        return None
    own, base_step = _whole(shaping, codes, step, layout)
    return Scalar(base_step / SCALAR_STEP, own, layout.integers, layout.row_steps)


def _exact(
    element: ElementType,
    shaping: Shaping,
    codes: NDArray[np.uint8] | None,
    values: NDArray[np.float64],
    layout: Layout,
) -> float | None:
    """Return the step with which integers decode to exactly these values, as a decoder does it."""
    x = layout.integers.astype(np.float64)
    if codes is not None:
        x = (x.reshape(-1, codes.size) * STEP_CODES[codes]).ravel()
    scale = 1.0
    if shaping.transform is not None:
        if np.abs(x).max() > shaping.transform.limit:
            return None
        x = shaping.transform.inverse(x)
        scale = SCALE
    factors = layout.row_factors(shaping.view.columns) * scale
    elements = patterns(round_to_element(values, element))
    for step in exact_step(values, x * factors, half_ulps(values, element)):
        if np.array_equal(patterns(UniformQuantizer(step * factors).elements(x, element)), elements):
            return step
    return None


def _whole(
    shaping: Shaping, codes: NDArray[np.uint8] | None, step: float, layout: Layout
) -> tuple[Shaping, float]:
    """Return a shaping whose integers count in steps, and the base step that gives a record this step."""
    steps = np.full(shaping.view.period, 1.0 if codes is None else STEP_CODES[0])
    scale = mixing_gain(shaping.transform)
    largest = 1.0 if layout.row_steps is None else layout.row_steps.unit
    return replace(shaping, codes=codes, steps=steps), step * scale * largest


def _quantized(
    shaping: Shaping,
    codes: NDArray[np.uint8] | None,
    values: NDArray[np.float64],
    found: TrellisLevels,
    step: float,
    segment: int,
    layout: Layout,
) -> Quantized:
    """Return levels as the encoder has them before it writes them."""
    own, base_step = _whole(shaping, codes, step, layout)
    zeros = pruned_zeros(values)
    family = 0 if zeros is None else family_of(1 - float(np.mean(zeros)))
    magnitudes = np.abs(found.fine).astype(np.float32)
    choices = []
    for least in _LEAST_MAGNITUDES:
        typical = (np.maximum(magnitudes, least) / density_of(family)).astype(np.float32)
        scales = fit_scales(typical, shaping.view)
        choices.append(Quantized(base_step, own, scales, found, segment, family, layout.row_steps))
    return min(choices, key=_bits)


def _bits(quantized: Quantized) -> float:
    """Return about how many bits tokens and classes take under tables of the tensor's own."""
    counts = quantized.counts().astype(np.float64)
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    bits = -float(np.sum(counts * np.log2(np.maximum(counts, 1) / totals)))
    return bits + 8 * len(quantized.scales.classes.write(quantized.candidate.view))

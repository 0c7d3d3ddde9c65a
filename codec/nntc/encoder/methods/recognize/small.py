"""Levels of small tensors that were coded together before: multiples of steps that go back to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.methods.recognize.layouts import step_code
from nntc.encoder.methods.recognize.steps import common_step
from nntc.encoder.quantize.rounded import exact_step, half_ulps, patterns, relative_error
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.encoder.tensor.ragged import ragged_record
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.format.registry import ElementType
from nntc.format.rounding import round_to_element
from nntc.format.steps import STEP_CODES

_LEAST_SIZE = 8  # elements that are enough to tell
_MAX_LEVEL = 2.0**24
_NEAR = 1e-9
_REFERENCES = 4  # of the smallest steps, one is that of code 0
_LAGS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, eq=False)
class SmallLevels:
    """A ragged record of tensors, by number, that decodes to exactly their values."""

    numbers: list[int]
    record: Record


def recognize_small(
    tensors: Sequence[Tensor], numbers: Sequence[int], element: ElementType
) -> SmallLevels | None:
    """Return a record of those small tensors whose values are multiples of related steps; None if few are.

    Parameters
    ----------
    tensors, numbers
        All tensors, and the numbers of small ones of one floating-point element type, finite.
    """
    steps = {}
    for i in numbers:
        step = _step(tensors[i].flat().values(), element)
        if step is not None:
            steps[i] = step
    # What was rounded element by element has a power of two in common.
    steps = {i: step for i, step in steps.items() if abs(np.frexp(step)[0] - 0.5) > _NEAR}
    bases = [step / float(STEP_CODES[0]) for step in sorted(steps.values())[:_REFERENCES]]
    results = [_with_base(tensors, steps, base, element) for base in bases]
    return max((r for r in results if r is not None), key=lambda r: len(r.numbers), default=None)


def _step(values: NDArray[np.float64], element: ElementType) -> float | None:
    """Return the step of one tensor, from its values and the distances between them."""
    if values.size < _LEAST_SIZE or not values.any():
        return None
    ascending = np.unique(values)
    errors = np.abs(ascending) * relative_error(element)
    numbers, tolerances = [ascending], [errors]
    for lag in _LAGS:
        if ascending.size > lag:
            numbers.append(ascending[lag:] - ascending[:-lag])
            tolerances.append(errors[lag:] + errors[:-lag])
    step = common_step(np.concatenate(numbers), np.concatenate(tolerances))
    return step if step is not None and float(np.abs(values).max()) < _MAX_LEVEL * step else None


def _with_base(
    tensors: Sequence[Tensor], steps: dict[int, float], base: float, element: ElementType
) -> SmallLevels | None:
    """Return the record of tensors whose steps are a code times a base step."""
    chosen: list[int] = []
    codes: list[int] = []
    for i, step in steps.items():
        code = step_code(step / base, relative_error(element))
        if code is not None:
            chosen.append(i)
            codes.append(code)
    if not chosen:
        return None
    values = [tensors[i].flat().values() for i in chosen]
    factors = [float(STEP_CODES[code]) for code in codes]
    levels = [UniformQuantizer(base * f).levels(v) for v, f in zip(values, factors, strict=True)]
    whole = np.concatenate(values)
    multiples = np.concatenate([level * f for level, f in zip(levels, factors, strict=True)])
    elements = round_to_element(whole, element)
    for step in exact_step(whole, multiples, half_ulps(whole, element)):
        if np.array_equal(patterns(UniformQuantizer(step).elements(multiples, element)), patterns(elements)):
            return SmallLevels(chosen, ragged_record(element, step, np.array(codes, np.uint8), levels))
    return None

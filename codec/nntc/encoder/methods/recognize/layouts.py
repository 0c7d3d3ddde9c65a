"""Integers that values are multiples of: of one step for all, or of a step for each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.methods.recognize.steps import common_step
from nntc.encoder.quantize.row_steps import RowSteps
from nntc.encoder.quantize.uniform import WHOLE, UniformQuantizer
from nntc.format.steps import STEP_CODES

_MAX_INTEGER = 2.0**21
"""Larger ones are not to be told from binary32 numbers."""
_NEAR = 2.0**-14  # how near the quotient of two steps must be to one of codes
_SLACK = 8.0  # relative errors of numbers
_OFF = 0.1  # how near a quotient must be to an integer
_MULTIPLES = (1, 2, 3, 4, 5, 6)
_MANY = 0.5  # of the rows must show their step


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Multiples of a step.

    Parameters
    ----------
    integers
        int64, rank 1.
    row_steps
        What each row's integers count in, None where that is the same for all.
    """

    integers: NDArray[np.int64]
    row_steps: RowSteps | None

    def row_factors(self, columns: int) -> NDArray[np.float64]:
        """Return the factor of every element, float64, rank 1; one of 1 where there are no row steps."""
        if self.row_steps is None:
            return np.ones(1)
        return np.repeat(STEP_CODES[self.row_steps.codes], columns)


def layouts(
    values: NDArray[np.float64], tolerance: NDArray[np.float64], rows: int, error: float
) -> Iterator[Layout]:
    """Yield layouts of values that they are near to, the simpler first.

    Parameters
    ----------
    values, tolerance
        float64, rank 1, and what each may be off by.
    error
        What rounding to the element type changes a number by, relative to it.
    """
    step = common_step(values, tolerance)
    if step is not None and np.abs(values).max() <= _MAX_INTEGER * step:
        yield Layout(UniformQuantizer(step).levels(values), None)
    if rows > 1:
        by_row = _by_row(values.reshape(rows, -1), tolerance.reshape(rows, -1), error)
        if by_row is not None:
            yield by_row


def step_code(quotient: float, error: float) -> int | None:
    """Return the largest step code of which a quotient is a small multiple.

    Parameters
    ----------
    error
        What numbers are off by, relative to them.
    """
    near = max(_NEAR, _SLACK * error)
    for multiple in _MULTIPLES:
        code = int(np.argmin(np.abs(STEP_CODES - quotient / multiple)))
        if abs(float(STEP_CODES[code]) * multiple / quotient - 1) < near:
            return code
    return None


def _by_row(matrix: NDArray[np.float64], tolerance: NDArray[np.float64], error: float) -> Layout | None:
    used = np.flatnonzero(matrix.any(axis=1))
    steps: dict[int, float | None] = {}
    left = used.size - max(_MANY * used.size, 1)  # rows that need not show theirs
    for r in used:
        steps[int(r)] = common_step(matrix[r], tolerance[r])
        left -= steps[int(r)] is None
        if left < 0:
            return None
    known = {r: step for r, step in steps.items() if step is not None}
    for multiple in _MULTIPLES[:3]:
        unit = min(known.values()) / float(STEP_CODES[0]) / multiple
        codes = np.full(len(matrix), -1)
        for r in used:
            step = steps[int(r)]
            code = _widest(matrix[r], unit) if step is None else step_code(step / unit, error)
            codes[r] = -1 if code is None else code
        if (codes[used] >= 0).all():
            break
    else:
        return None
    common = int(np.bincount(codes[used]).argmax())
    codes[codes < 0] = common
    if codes.min() == codes.max():
        return None
    integers = UniformQuantizer(unit * STEP_CODES[codes][:, None]).multiples(matrix)
    if np.abs(integers).max() > _MAX_INTEGER:
        return None
    return Layout(integers.astype(np.int64).ravel(), RowSteps(codes.astype(np.uint8)))


def _widest(row: NDArray[np.float64], unit: float) -> int | None:
    """Return the code of the largest step that the few numbers of a row are multiples of."""
    quotients = row[row != 0] / (unit * STEP_CODES[:, None])
    is_near = np.abs(WHOLE.error(quotients)) < _OFF / 4
    fitting = np.flatnonzero(np.all(is_near & (WHOLE.multiples(quotients) != 0), axis=1))
    return int(fitting[-1]) if fitting.size else None

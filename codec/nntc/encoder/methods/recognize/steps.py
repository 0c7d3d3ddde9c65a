"""The step that numbers have in common: their greatest common divisor, as far as rounding lets it be seen.

Numbers that are multiples of a step are told from others by a few dozen of the smallest: a candidate step
must divide all of them. It is then refined on larger and larger ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.uniform import WHOLE, UniformQuantizer

_MULTIPLES = np.arange(1, 257)
"""How many steps the smallest number may be."""
_SMALLEST = 96  # numbers that candidates are tried on
_FIRST = 8  # of them, on which all candidates are tried
_NEAR = 0.2  # of a step: how near to a multiple of it numbers must be
_RESOLVED = 0.02  # of a step: how precisely multiples must be known where nothing is refined yet
_NOT_ZERO = 4.0  # tolerances
_FIRST_GROWTH, _GROWTH = 1.4, 8.0  # of the numbers from one refinement to the next
_CANDIDATES = 6  # refined, as few numbers may be even ones of a finer step
_LEAST = 6  # numbers that are enough to tell
_SEEN = 8.0  # tolerances of a typical number: of a smaller step anything is a multiple


def common_step(values: NDArray[np.float64], tolerance: NDArray[np.float64] | float) -> float | None:
    """Return the largest step that all numbers are multiples of, or None if there is none to be seen.

    Parameters
    ----------
    values
        float64, rank 1, finite.
    tolerance
        What each may be off by.
    """
    magnitudes = np.abs(values)
    tolerances = np.broadcast_to(np.asarray(tolerance, np.float64), magnitudes.shape)
    large = magnitudes > np.maximum(_NOT_ZERO * tolerances, 1e-300)
    # The others must be zero, and not just too small to tell.
    if np.count_nonzero(large) < _LEAST or np.any(magnitudes[~large] > 2 * tolerances[~large]):
        return None
    order = np.argsort(magnitudes[large], kind="stable")
    magnitudes, tolerances = magnitudes[large][order], tolerances[large][order]
    error = float(tolerances[0] / magnitudes[0])
    steps = _smallest_steps(magnitudes, tolerances, error)
    refined = (_refined(step, error, magnitudes, tolerances) for step in steps)
    least = _SEEN * float(np.median(tolerances))
    return next((step for step in refined if step is not None and step > least), None)


def _smallest_steps(
    magnitudes: NDArray[np.float64], tolerances: NDArray[np.float64], error: float
) -> list[float]:
    """Return the largest candidates that divide some of the numbers."""
    reach = int(np.searchsorted(magnitudes, magnitudes[0] * max(_RESOLVED / max(error, 1e-300), 1.0)))
    chosen = np.unique(np.linspace(0, max(reach - 1, 0), _SMALLEST).astype(np.intp))
    if chosen.size < _LEAST:
        chosen = np.arange(min(_LEAST, magnitudes.size))
    candidates = magnitudes[0] / _MULTIPLES
    for some in (chosen[:_FIRST], chosen[_FIRST:]):  # few candidates are left for the second
        ratios = magnitudes[some] / candidates[:, None]
        # An error of the first number is one of the step.
        slack = tolerances[some] / candidates[:, None] + ratios * error
        off = np.abs(WHOLE.error(ratios))
        candidates = candidates[np.all(off <= np.minimum(_NEAR, 2 * slack + 1e-9), axis=1)]
    found: list[float] = candidates[:_CANDIDATES].tolist()
    return found


def _refined(
    step: float, error: float, magnitudes: NDArray[np.float64], tolerances: NDArray[np.float64]
) -> float | None:
    """Return the step that fits all numbers best, or None if one is no multiple."""
    reach = magnitudes[0]
    growth = _FIRST_GROWTH
    while True:
        reach = min(max(reach * growth, step), magnitudes[-1])
        growth = min(2 * growth, _GROWTH)
        own = slice(0, int(np.searchsorted(magnitudes, reach, side="right")))
        quantizer = UniformQuantizer(step)
        counts = quantizer.multiples(magnitudes[own])
        off = np.abs(magnitudes[own] - quantizer.values(counts))
        if np.any(off > _NEAR * step + 2 * tolerances[own] + counts * step * error):
            return None
        # Least squares, each number as exact as it is.
        weights = 1 / np.maximum(tolerances[own], 1e-300) ** 2
        weights /= weights.max()
        step = float((weights * counts) @ magnitudes[own] / ((weights * counts) @ counts))
        error = min(error, 1 / float(counts.max()))
        error = max(error / _GROWTH, float(tolerances[own][-1] / magnitudes[own][-1]))
        if reach >= magnitudes[-1]:
            return step

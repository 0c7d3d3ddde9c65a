"""Periods of numbers that are near to multiples of an unknown step: peaks of their characteristic function.

Numbers f * step, rounded to integers and then scaled, have phases 2 pi x / step near to zero. Rounding
spreads them by what it is in steps: where a step is less than an integer, nothing is left to be seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.integer_grid import ROUNDING
from nntc.encoder.quantize.uniform import WHOLE
from nntc.format.steps import STEP_CODES

SEEN = 7.0
"""Standard deviations above chance from which a peak is one."""
_SAMPLE, _LARGE_SAMPLE = 1 << 11, 1 << 14
_LEAST, _MOST = 0.7, 100.0  # integers that a typical step is of
_LEAST_PLAIN = 1.15
"""Integers by themselves are multiples of 1: steps not larger than this are not to be told from it."""
_NEAR_ZERO = 1.5  # steps: of smaller numbers most densities have phases that are alike
_FAR = 200.0
_PER_TURN = 10.0
_REFINEMENTS = 6
_PROBED, _STRONG = 64, 256  # columns
_LEAST_ROWS = 24
_BINS = 4  # to the least period
_CHUNK = 1 << 20  # complex numbers at once
_COMPARABLE = 0.8  # of the best peak: then the largest step is the one that was used
_CODES = 128


def attenuation(units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of a period rounding leaves, of steps of so many integers."""
    left: NDArray[np.float64] = np.exp(-2 * np.pi**2 * ROUNDING / np.square(units))
    return left


def common_period(
    x: NDArray[np.float64], units: NDArray[np.float64], *, plain: bool, seed: int = 0
) -> float | None:
    """Return the step of which numbers are multiples, None where none is to be seen.

    Parameters
    ----------
    x
        float64, rank 1: integers in a domain, each divided by its unit.
    units
        float64, rank 1: what each was divided by.
    plain
        Whether the domain is that of the integers themselves.
    """
    rng = np.random.default_rng(seed)
    some = slice(None) if x.size <= _SAMPLE else rng.choice(x.size, _SAMPLE, replace=False)
    own, of = x[some], units[some]
    typical, reach = float(np.median(of)), float(np.quantile(np.abs(own), 0.98))
    steps = []
    step = _LEAST / typical
    while step * typical < _MOST and step < reach:
        steps.append(step)
        step *= 1 + min(step / (_PER_TURN * reach), 0.1)
    if not steps:
        return None
    found = _peaks(own, of, np.array(steps), plain)
    best = float(found.max())
    if best < SEEN:
        return None
    top = int(np.flatnonzero(found >= _COMPARABLE * best)[-1])
    while top and found[top - 1] > found[top]:
        top -= 1
    step = steps[top]
    some = slice(None) if x.size <= _LARGE_SAMPLE else rng.choice(x.size, _LARGE_SAMPLE, replace=False)
    own, of = x[some], units[some]
    return _refined(own, of, step, plain, 2 * min(step / (_PER_TURN * reach), 0.1), 4)


def _peaks(
    x: NDArray[np.float64], units: NDArray[np.float64], steps: NDArray[np.float64], plain: bool
) -> NDArray[np.float64]:
    """Return for each step how far above chance phases are alike, in standard deviations."""
    found = np.zeros(steps.size)
    for i, step in enumerate(steps):
        turns, own = x / step, units * step
        used = (np.abs(turns) > _NEAR_ZERO) & (np.abs(turns) < _FAR)
        if plain:
            used &= own > _LEAST_PLAIN
        left = attenuation(own) * used
        deviation = float(np.sqrt(left @ left / 2))
        if deviation > 2:
            found[i] = left @ np.cos(2 * np.pi * turns) / deviation
    return found


def column_periods(
    x: NDArray[np.float64], units: NDArray[np.float64], *, plain: bool
) -> tuple[NDArray[np.uint8], float] | None:
    """Return step codes of columns and the step that they count in, None where none are to be seen.

    Parameters
    ----------
    x
        float64 [rows, columns]: integers in a domain, rows divided by their units.
    units
        float64 [rows].
    plain
        Whether the domain is that of the integers themselves.
    """
    used = np.flatnonzero(units >= np.median(units))
    if used.size < _LEAST_ROWS:
        used = np.arange(units.size)
    if used.size < _LEAST_ROWS or not x.any():
        return None
    own, of = x[used], units[used]
    least = (_LEAST_PLAIN if plain else _LEAST) / float(of.min() if plain else np.median(of))
    columns = x.shape[1]
    few = np.unique(np.linspace(0, columns - 1, _PROBED).astype(np.intp))
    steps, heights = _column_peaks(own[:, few], least)
    if np.count_nonzero(heights > SEEN) < min(3, columns):
        return None
    if few.size < columns:
        steps, heights = _column_peaks(own, least)
    strong = np.argsort(-heights)[: min(_STRONG, int(np.count_nonzero(heights > SEEN)))]
    reach = np.maximum(np.abs(own).max(axis=0), steps)
    spread = np.minimum(0.5 * steps / reach, 0.1)
    exact = np.array([_refined(own[:, j], of, steps[j], plain, float(spread[j]), 3) for j in strong])
    unit = min((exact[0] / STEP_CODES[b] for b in range(8)), key=lambda unit: _misfit(exact, unit))
    unit *= 2.0 ** np.floor(np.log2(exact.min() / (unit * STEP_CODES[0] * (1 - 2.0**-6))))
    codes = _nearest_codes(exact, unit)
    unit = float(np.median(exact / STEP_CODES[codes]))
    chosen = _codes_of_columns(own, of, unit, codes, plain)
    chosen[strong] = codes
    return chosen, unit


def _column_peaks(x: NDArray[np.float64], least: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the step of each column's highest peak, and its height in standard deviations."""
    width = least / _BINS
    reach = float(np.abs(x).max())
    bins = 2 * int(reach / width) + 2
    length = 1 << (2 * bins - 1).bit_length()
    frequencies = np.arange(length // 2 + 1) / (length * width)
    deviations = np.maximum(x.std(axis=0), 1e-300)
    steps, heights = np.ones(x.shape[1]), np.zeros(x.shape[1])
    some = max(1, _CHUNK // length)
    numbers = np.floor(x / width + 0.5).astype(np.intp) + bins // 2
    for start in range(0, x.shape[1], some):
        own = numbers[:, start : start + some]
        counts = np.zeros((own.shape[1], length))
        np.add.at(counts, (np.arange(own.shape[1])[None, :].repeat(len(own), 0), own), 1)
        spectrum = np.fft.rfft(counts, axis=1)
        spectrum *= np.exp(2j * np.pi * np.arange(length // 2 + 1) * (bins // 2) / length)
        real = spectrum.real / np.sqrt(len(x) / 2)
        is_useful = frequencies <= 1 / least
        for k in range(own.shape[1]):
            allowed = is_useful & (frequencies * deviations[start + k] >= 1.2)
            values = np.where(allowed, real[k], 0)
            best = int(values.argmax())
            if values[best] > 0:  # never at the frequency 0
                near = np.flatnonzero(values >= _COMPARABLE * values[best])
                first = int(near[0])
                top = first + int(values[first : first + 4].argmax())
                steps[start + k], heights[start + k] = 1 / frequencies[top], values[best]
    return steps, heights


def _refined(
    x: NDArray[np.float64],
    units: NDArray[np.float64],
    step: float,
    plain: bool,
    spread: float,
    narrower: float,
) -> float:
    """Return the highest peak within a part of a step, `spread`, so many times narrower each round."""
    for _ in range(_REFINEMENTS):
        near = step * (1 + np.linspace(-spread, spread, 9))
        step = float(near[_peaks(x, units, near, plain).argmax()])
        spread /= narrower
    return step


def _nearest_codes(steps: NDArray[np.float64], unit: float) -> NDArray[np.uint8]:
    quotients = steps / unit
    between = np.sqrt(STEP_CODES[:_CODES][:-1] * STEP_CODES[:_CODES][1:])
    return np.searchsorted(between, quotients).astype(np.uint8)


def _misfit(steps: NDArray[np.float64], unit: float) -> float:
    """Return how far steps are from those of codes, as parts of an octave; the unit's octave is no matter."""
    mantissas = np.log2(steps / unit) % 1
    codes = np.log2(np.append(STEP_CODES[:8], 2 * STEP_CODES[0])) - 3
    return float(np.median(np.abs(mantissas[:, None] - codes).min(axis=1)))


def _codes_of_columns(
    x: NDArray[np.float64],
    units: NDArray[np.float64],
    unit: float,
    known: NDArray[np.uint8],
    plain: bool,
) -> NDArray[np.uint8]:
    """Return the code of each column under which its numbers are most alike, the largest of those near it."""
    first, last = max(int(known.min()) - 8, 0), min(int(known.max()) + 8, _CODES - 1)
    codes = np.arange(first, last + 1)
    heights = np.zeros((codes.size, x.shape[1]))
    for i, code in enumerate(codes):
        step = unit * STEP_CODES[code]
        left = attenuation(units * step)
        if plain:
            left[units * step <= _LEAST_PLAIN] = 0
        phases = left @ _cosines(x / step)
        heights[i] = phases / max(float(np.sqrt(left @ left / 2)), 1.0)
    best = heights.max(axis=0)
    comparable = heights >= _COMPARABLE * best
    largest = codes.size - 1 - comparable[::-1].argmax(axis=0)
    chosen: NDArray[np.uint8] = codes[largest].astype(np.uint8)
    return chosen


def _cosines(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cos of fractions of turns; 0 of numbers that are near to zero in any case."""
    cosines = np.cos(2 * np.pi * WHOLE.error(turns))
    cosines[np.abs(turns) < 0.5] = 0
    return cosines

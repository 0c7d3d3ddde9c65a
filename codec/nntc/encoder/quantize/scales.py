"""Separable scales: which rows, channels and positions of a weight matrix are large (SPEC.md, "Contexts").

The magnitude of a weight is modelled as row scale * channel scale * position scale, a rank-one model in
the log domain, and each scale is rounded to a class. Weights of one context then have nearly one
distribution, and static frequency tables code them below the entropy of the whole tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.contexts import Classes
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.view import View

CLASSES_PER_OCTAVE = 3
_ROUNDS = 3
_PART = 1 << 18  # elements that are float64 at a time
_FLOOR = 2.0**-8  # scales below this, in units of the typical one, are all alike: everything there is zero
_LIST_BITS = 64.0  # a class list costs about this beyond the entropy of its classes


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Classes of a tensor and the scale that the sum of classes zero stands for.

    Parameters
    ----------
    lowest
        Scale class of context 0: log2 of its mean magnitude, times `CLASSES_PER_OCTAVE`.
    """

    classes: Classes
    lowest: int


def fit_scales(magnitudes: NDArray[np.float32], view: View) -> Scales:
    """Fit separable scales to magnitudes in coded order.

    Parameters
    ----------
    magnitudes
        float32, rank 1, at least 0; their unit is the unit of `lowest`.

    Returns
    -------
    Classes for those of rows, channels and positions that pay for being sent; all zero for the others.
    """
    if view.lengths:
        bounds = np.cumsum((0, *view.lengths))[:-1]
        means = np.add.reduceat(magnitudes, bounds, dtype=np.float64) / view.lengths
        return _scales([means])
    cube = magnitudes.reshape(view.rows, view.channels, view.period)
    chosen: tuple[int, ...] = ()
    best = _fit(cube, ())
    weights = [np.full(n, cube.size / n) for n in cube.shape]
    best_bits = _bits(best, weights)
    for axis in (0, 1, 2):
        if cube.shape[axis] == 1:
            continue
        trial = _fit(cube, (*chosen, axis))
        bits = _bits(trial, weights)
        if bits < best_bits:
            chosen, best, best_bits = (*chosen, axis), trial, bits
    return _scales(best)


def _fit(cube: NDArray[np.float32], axes: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return scales along each axis, ones along those not in `axes`; the overall level is on axis 0."""
    rows, channels, period = cube.shape
    matrix = cube.reshape(rows, channels * period)
    level = max(float(matrix.mean(dtype=np.float64)), 1e-30)
    scales = [np.ones(n) for n in cube.shape]
    for _ in range(_ROUNDS if len(axes) > 1 else 1):
        for axis in axes:
            # Mean of magnitude / (the other scales), by products of matrix and vector.
            if axis == 0:
                columns = np.outer(1 / scales[1], 1 / scales[2]).ravel() / (channels * period)
                means = np.concatenate([part @ columns for _, part in _parts(matrix)])
            else:
                shares = 1 / (scales[0] * rows)
                summed = sum(shares[first : first + len(part)] @ part for first, part in _parts(matrix))
                grid = np.reshape(summed, (channels, period))
                means = grid @ (1 / scales[2]) / period if axis == 1 else (1 / scales[1]) @ grid / channels
            scales[axis] = np.maximum(means / level, _FLOOR)
    scales[0] = scales[0] * level
    return scales


def _parts(matrix: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield some rows at a time, and the number of the first of them, for products in float64.

    Libraries add up products in an order of their own on each kind of processor: in float32 that would now
    and then be another class, and another file.
    """
    rows = max(_PART // matrix.shape[1], 1)
    for first in range(0, len(matrix), rows):
        yield first, matrix[first : first + rows].astype(np.float64)


def _bits(scales: list[NDArray[np.float64]], weights: list[NDArray[np.float64]]) -> float:
    """Return the relative cost in bits of coding with these scales, class lists included."""
    bits = 0.0
    for scale, weight in zip(scales, weights, strict=True):
        classes = np.rint(CLASSES_PER_OCTAVE * np.log2(scale))
        bits += float(weight @ np.log2(scale))
        _, counts = np.unique(classes, return_counts=True)
        if counts.size > 1:
            bits += _LIST_BITS - float(counts @ np.log2(counts / counts.sum()))
    return bits


def _scales(scales: list[NDArray[np.float64]]) -> Scales:
    """Round scales to classes from zero up."""
    lists = []
    lowest = 0
    for scale in scales:
        classes = np.rint(CLASSES_PER_OCTAVE * np.log2(np.maximum(scale, 1e-30))).astype(np.int64)
        # Few rows far below the others need no classes of their own: all their weights are zero.
        classes = np.maximum(classes, int(np.median(classes)) - 10)
        lowest += int(classes.min())
        lists.append((classes - classes.min()).astype(np.int64))
    count = min(1 + sum(int(c.max()) for c in lists), MAX_CONTEXTS)
    own = [np.minimum(c, MAX_CONTEXTS - 1).astype(np.uint8) for c in lists]
    while len(own) < 3:
        own.append(np.zeros(1, np.uint8))
    return Scales(Classes(max(count, 2), own[0], own[1], own[2]), lowest)

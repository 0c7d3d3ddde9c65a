"""Candidates of a search: the best even and the best odd level for a value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.trellis import FAR, MAX_LEVEL


def candidates(
    magnitude: NDArray[np.float32],
    base: NDArray[np.int32],
    bits: NDArray[np.float32],
    q: int | NDArray[np.int32],
    weight: float | NDArray[np.float32] = 1.0,
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.int32]]]:
    """Return the costs and the magnitudes of the best even and the best odd level.

    Three magnitudes are tried: those whose points lie around the value, and the one below these.

    Parameters
    ----------
    magnitude, base
        float32 and int32 of the same shape: values, and where the costs of their table begin for level 0.
    bits
        float32, rank 1: costs of levels 0, 1, ... of all tables, the escape's from `MAX_LEVEL` + 1 on.
    q
        Quantizer: 0 or 1, of all values or of each.
    weight
        What a squared error counts, of all values or of each.
    """
    # Points are 2k, or 2k - 1 with 0 for k = 0.
    floor = ((magnitude + np.asarray(q, np.float32)) * np.float32(0.5)).astype(np.int32)
    squares = np.asarray(weight, np.float32)
    costs = []
    for k in (floor, floor + 1, np.abs(floor - 1)):
        distance = magnitude - np.maximum(2 * k - q, 0).astype(np.float32)
        rates = bits.take(base + np.minimum(k, MAX_LEVEL + 2 - (k & 1)))
        costs.append(squares * (distance * distance) + rates)
    lower = costs[2] < costs[1]
    neighbour = np.minimum(costs[1], costs[2])
    other = np.where(lower, np.abs(floor - 1), floor + 1)
    odd = (floor & 1).astype(np.bool_)
    even_cost, odd_cost = np.where(odd, neighbour, costs[0]), np.where(odd, costs[0], neighbour)
    even, uneven = np.where(odd, other, floor), np.where(odd, floor, other)
    return [even_cost, odd_cost], [even, uneven]


def hold_zeros(
    zeros: NDArray[np.bool_],
    magnitude: NDArray[np.float32],
    rates: NDArray[np.float32],
    costs: list[NDArray[np.float32]],
    levels: list[NDArray[np.int32]],
    weight: float | NDArray[np.float32] = 1.0,
) -> None:
    """Leave some values no candidate but level 0, which is even; changes costs and levels.

    Parameters
    ----------
    zeros
        bool, of a shape that broadcasts to that of all others: values that must be level 0.
    magnitude, weight
        As for `candidates`.
    rates
        float32: costs of level 0.
    costs, levels
        What `candidates` returned.
    """
    zero_costs = np.asarray(weight, np.float32) * (magnitude * magnitude) + rates
    costs[0] = np.where(zeros, zero_costs, costs[0])
    costs[1] = np.where(zeros, FAR, costs[1])
    levels[0] = np.where(zeros, np.int32(0), levels[0])

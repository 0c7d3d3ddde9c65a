"""Paths of the trellis: the levels and states that fine integers are made of.

From the fine integers, which a decoder multiplies by the step, levels follow one by one: in a state of
quantizer 0 they are even, in one of quantizer 1 odd or zero, and the level's parity gives the next state. Of
other integers hardly any sequence has a path.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.quantize.trellis import MAX_LEVEL, TrellisLevels
from nntc.format.steps import STEP_CODES
from nntc.format.trellis import EIGHT_STATES, MANY_STATES, Machine

_SAMPLE = 1 << 12  # integers that a segment length is tried on
_LONGEST_CHAIN = 192
_SHORTEST_PART = 8  # columns: shorter ones hardly tell a path from chance
_MAX_SEGMENT = 8192
_BACKTRACKS = 4000
_UNIT = 8
"""Integers are counted in this part of what they have in common, so that codes can stand for any factor."""

SEARCHED = EIGHT_STATES, MANY_STATES
"""Trellises that levels may have been chosen by."""
_NEXT = {machine.trellis: np.array(machine.next, np.intp) for machine in SEARCHED}
_QUANTIZER = {machine.trellis: np.array(machine.quantizer, np.int64) for machine in SEARCHED}


def segments(columns: int, *usual: int) -> Iterator[int]:
    """Yield lengths of segments, in columns a row, the likely ones first."""
    yield from usual
    chains = range(1, _LONGEST_CHAIN // columns + 2)
    parts = [columns // n for n in range(2, columns // _SHORTEST_PART + 1) if columns % n == 0]
    for length in [*(columns * chain for chain in chains), *parts]:
        if length not in usual and 1 < length <= _MAX_SEGMENT:
            yield length


def follow(fine: NDArray[np.int64], segment: int, machine: Machine = EIGHT_STATES) -> TrellisLevels | None:
    """Return levels and quantizers of fine integers, rank 1, or None if they have no path.

    Parameters
    ----------
    segment
        Integers between restarts.
    machine
        The trellis.
    """
    sample = fine[: max(_SAMPLE // segment, 1) * segment]
    if fine.size > 2 * _SAMPLE and _follow(sample, segment, machine) is None:
        return None
    return _follow(fine, segment, machine)


def _follow(fine: NDArray[np.int64], segment: int, machine: Machine) -> TrellisLevels | None:
    after, quantizer = _NEXT[machine.trellis], _QUANTIZER[machine.trellis]
    segment = min(segment, fine.size)
    count = -(-fine.size // segment)
    padded = np.zeros(count * segment, np.int64)
    padded[: fine.size] = fine
    places = np.ascontiguousarray(padded.reshape(count, segment).T)
    levels, quantizers = np.empty_like(places), np.empty(places.shape, np.uint8)
    state = np.zeros(count, np.intp)
    for k, integers in enumerate(places):
        found = _levels(integers, quantizer[state])
        if found is None and fine.size < padded.size:
            # What pads the last segment has no path to have.
            padding = (count - 1) * segment + k >= fine.size
            found = _levels(integers[:-1], quantizer[state[:-1]]) if padding else None
            found = None if found is None else np.append(found, 0)
        if found is None:
            return None
        levels[k], quantizers[k] = found, quantizer[state]
        state = after[state, found & 1]
    return TrellisLevels(
        levels.T.ravel()[: fine.size].astype(np.int32), quantizers.T.ravel()[: fine.size].copy(), machine
    )


def _levels(integers: NDArray[np.int64], quantizer: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return the levels of one integer of each sequence, or None if a quantizer has no such integer."""
    if np.any((integers & 1 != quantizer) & (integers != 0)):
        return None
    levels: NDArray[np.int64] = (integers + quantizer * np.sign(integers)) // 2
    # Only odd ones are escaped.
    return None if np.any((np.abs(levels) > MAX_LEVEL) & (levels & 1 == 0)) else levels


def column_codes(
    integers: NDArray[np.int64], segment: int, machine: Machine = EIGHT_STATES
) -> tuple[NDArray[np.uint8], int] | None:
    """Return codes for columns such that what they leave of integers has a path.

    Parameters
    ----------
    integers
        int64 [rows, columns]: fine integers times the factors of their columns.
    segment
        A multiple of the columns, or a part of them.
    machine
        The trellis.

    Returns
    -------
    uint8 [columns], and what the integers are to be multiplied by before they are divided by the factors;
    None if there are no such codes.
    """
    rows, columns = integers.shape
    size = min(segment, columns)
    if segment % size or columns % size or (rows * columns) % segment:
        return None
    codes = np.zeros(columns, np.uint8)
    for start in range(0, columns, size):
        own = integers[:, start : start + size]
        found = _walk(own.reshape(-1, segment) if segment > size else own, size, machine)
        if found is None:
            return None
        codes[start : start + size] = found
    return codes, _UNIT


def _walk(sequences: NDArray[np.int64], size: int, machine: Machine) -> NDArray[np.uint8] | None:
    """Return a code for each of `size` columns that sequences go through, once or again and again."""
    after, quantizer = _NEXT[machine.trellis], _QUANTIZER[machine.trellis]
    options = [_options(sequences[:, k::size]) for k in range(size)]
    fill = next((own[0] for own in options if own), 0)
    length = sequences.shape[1]
    states = [np.zeros(len(sequences), np.intp)]
    tried = np.zeros(length, np.intp)
    left = _BACKTRACKS
    k = 0
    while k < length:
        own = options[k % size] or [fill]
        state = None
        while state is None and tried[k] < (len(own) if k < size else 1):
            # A later visit of a column has the code of the first.
            code = own[tried[k]] if k < size else own[tried[k % size] - 1]
            tried[k] += 1
            found = _levels(sequences[:, k] * _UNIT // int(STEP_CODES[code]), quantizer[states[k]])
            state = None if found is None else after[states[k], found & 1]
        if state is not None:
            states.append(state)
            k += 1
            continue
        tried[k] = 0
        k -= 1
        left -= 1
        if k < 0 or not left:
            return None
        states.pop()
    chosen = [(own or [fill])[tried[k] - 1] for k, own in enumerate(options)]
    return np.array(chosen, np.uint8)


def _options(column: NDArray[np.int64]) -> list[int]:
    """Return codes whose factors divide all integers of a column, the largest first; none for zeros."""
    divisor = int(np.gcd.reduce(column.ravel())) * _UNIT
    if not divisor:
        return []
    fitting = [
        code for code, factor in enumerate(STEP_CODES.tolist()) if factor <= divisor and divisor % factor == 0
    ]
    return fitting[::-1][:6]

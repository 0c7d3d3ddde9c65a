"""Write integer blocks (SPEC.md, "Integer block"): tokens, escapes, low bits, and sparse rows.

Sparse rows are those of Han et al., "Deep Compression", 2016: only what differs from the background is
coded, each with the gap to the one before it; where a gap is too long for its code, a filler (a coded
background) bridges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.contexts import Classes, Model
from nntc.encoder.entropy.fragments import Fragment
from nntc.encoder.entropy.symbols import WRITERS, symbol_data
from nntc.format.bits import pack
from nntc.format.integers import ESCAPE, INTEGER_HEAD, MAX_LOW_BITS, IntegerFlags, IntegerHead
from nntc.format.registry import Coder
from nntc.format.symbols import CODER
from nntc.format.view import View

_GAP_BITS = range(4, 9)
_WORTH = 0.95  # of the bits without tables
_LENGTH_BITS = 4  # about what a token takes in a table
_ESCAPE_BITS = 16  # about what an escape takes beside its token


@dataclass(frozen=True, slots=True, eq=False)
class TokenizedIntegers:
    """Integers split into tokens and what does not fit them.

    Parameters
    ----------
    low_bits, low
        Width of the low parts, and they, uint32.
    escapes
        int64, integers (before low bits) whose token is 255; None where 255 is a token as any other.
    """

    tokens: NDArray[np.uint8]
    min_level: int
    low_bits: int
    low: NDArray[np.uint32]
    escapes: NDArray[np.int64] | None


def tokenize(values: NDArray[np.int64]) -> TokenizedIntegers:
    """Split integers, rank 1, |value| < 2**31, into tokens, escapes and low bits.

    A spread of more than 256 goes to low bits only as far as the bulk of the values needs; the rest
    becomes escapes.
    """
    min_level, hi = int(values.min()), int(values.max())
    if hi - min_level <= 255:
        return TokenizedIntegers(
            (values - min_level).astype(np.uint8), min_level, 0, np.zeros(0, np.uint32), None
        )
    inner_lo, inner_hi = (int(v) for v in np.quantile(values, [0.001, 0.999], method="nearest"))
    most = min(max(0, (inner_hi - inner_lo + 1).bit_length() - 7), MAX_LOW_BITS)
    best = _split(values, most, inner_lo, inner_hi)
    # Where one value is as common as in pruned tensors, fewer low bits pay for larger tables.
    for low_bits in range(max(0, most - 2), most):
        other = _split(values, low_bits, inner_lo, inner_hi)
        if _expected_bits(other) < _WORTH * _expected_bits(best):
            best = other
    return best


def _split(values: NDArray[np.int64], low_bits: int, inner_lo: int, inner_hi: int) -> TokenizedIntegers:
    """Split off low bits and put the 255 tokens where most values between the inner ones are."""
    high = values >> low_bits
    low = (values & ((1 << low_bits) - 1)).astype(np.uint32)
    first = max((inner_lo >> low_bits) - ESCAPE, int(high.min()))
    last = max((inner_hi >> low_bits) + ESCAPE, first + ESCAPE - 1)
    inside = high[(high >= first) & (high <= last)]
    before = np.concatenate([[0], np.cumsum(np.bincount(inside - first, minlength=last - first + 1))])
    start = first + int(np.argmax(before[ESCAPE:] - before[:-ESCAPE]))
    escaped = (high < start) | (high >= start + ESCAPE)
    tokens = np.where(escaped, ESCAPE, high - start).astype(np.uint8)
    return TokenizedIntegers(tokens, start, low_bits, low, high[escaped] if escaped.any() else None)


def _expected_bits(split: TokenizedIntegers) -> float:
    escapes = 0 if split.escapes is None else split.escapes.size
    return _entropy(split.tokens) + split.tokens.size * split.low_bits + _ESCAPE_BITS * escapes


def _entropy(tokens: NDArray[np.uint8] | NDArray[np.bool_]) -> float:
    """Return the bits of all tokens under the best static code."""
    counts = np.bincount(tokens)
    counts = counts[counts > 0]
    return -float(counts @ np.log2(counts / tokens.size))


def integer_block(
    split: TokenizedIntegers,
    coder: Coder,
    data: Sequence[Fragment],
    sparse: tuple[int, NDArray[np.uint8], Coder] | None = None,
) -> list[Fragment]:
    """Return the fragments of an integer block around symbol data already made.

    Parameters
    ----------
    sparse
        Background, gaps and the gaps' coder where only some integers are coded.
    """
    flags = IntegerFlags(coder)
    if split.escapes is not None:
        flags |= IntegerFlags.ESCAPE
    if split.low_bits:
        flags |= IntegerFlags.LOW_BITS
    background: int | None = None
    middle: list[Fragment] = []
    if sparse is not None:
        flags |= IntegerFlags.SPARSE
        background, gaps, gap_coder = sparse
        middle = [CODER.put(gap_coder), *symbol_data(gaps, gap_coder)]
    head = INTEGER_HEAD.write(
        IntegerHead(
            flags,
            split.min_level,
            split.low_bits or None,
            None if split.escapes is None else split.escapes.size,
            split.escapes,
            background,
            None if sparse is None else split.tokens.size,
        )
    )
    if split.low_bits:
        head += pack(split.low, split.low_bits)
    return [head, *middle, *data]


def write_integers(
    values: NDArray[np.int64],
    coder: Coder,
    view: View,
    classes: Classes | None = None,
    background: int | None = None,
) -> list[Fragment]:
    """Return the fragments of an integer block.

    Parameters
    ----------
    values
        int64, rank 1, |value| < 2**31, in coded order.
    classes
        Separable contexts, rANS only, not for sparse rows.
    background
        Code as sparse rows all values but this one; None to code all.
    """
    if background is None:
        split = tokenize(values)
        return integer_block(split, coder, symbol_data(split.tokens, coder, Model(view, classes)))
    choices = [sparse_rows(values, background, gap_bits) for gap_bits in _GAP_BITS]
    gaps, coded = min(choices, key=lambda rows: _gap_bits(rows[0], rows[1] == background, coder))
    split = tokenize(coded)
    return integer_block(split, coder, symbol_data(split.tokens, coder), (background, gaps, coder))


def sparse_rows(
    values: NDArray[np.int64], background: int, gap_bits: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return gaps, uint8, and coded values, int64, of the same length; at least one of each.

    Parameters
    ----------
    gap_bits
        1..8: a longer gap takes fillers.
    """
    places = np.flatnonzero(values != background)
    if not places.size:
        return np.zeros(1, np.uint8), np.full(1, background)
    zeros = np.diff(places, prepend=-1) - 1
    own = np.cumsum(1 + (zeros >> gap_bits)) - 1  # entry of each value: fillers go before it
    gaps = np.full(int(own[-1]) + 1, (1 << gap_bits) - 1, np.uint8)
    coded = np.full(gaps.size, background, np.int64)
    gaps[own] = zeros & ((1 << gap_bits) - 1)
    coded[own] = values[places]
    return gaps, coded


def _gap_bits(gaps: NDArray[np.uint8], fillers: NDArray[np.bool_], coder: Coder) -> float:
    """Return about how many bits gaps take, with their table, and what fillers add to the values."""
    least = WRITERS[coder].least_bits
    bits = max(_entropy(gaps), least * gaps.size) + max(_entropy(fillers), least * np.count_nonzero(fillers))
    return bits + _LENGTH_BITS * int(gaps.max())

"""Code lengths are complete, short, and limited."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.entropy.huffman import code_lengths
from numpy.typing import NDArray


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=256))
def test_huffman_lengths_are_complete_and_short(counts: list[int]) -> None:
    padded: NDArray[np.int64] = np.array(counts + [0] * (256 - len(counts)))
    lengths = code_lengths(padded)
    assert lengths[: len(counts)].min() >= 1
    assert not lengths[len(counts) :].any()
    assert lengths.max() <= 15
    if len(counts) > 1:
        assert sum(2 ** (15 - int(n)) for n in lengths[: len(counts)]) == 1 << 15
    total = sum(counts)
    entropy = -sum(c * np.log2(c / total) for c in counts)
    assert (
        entropy - 1e-6 * total
        <= float(lengths[: len(counts)] @ np.array(counts))
        <= entropy + total + 1e-6 * total
    )


@pytest.mark.parametrize("count", [2, 3, 200, 256])
def test_huffman_lengths_have_a_limit(count: int) -> None:
    # Fibonacci counts would make codes as long as there are tokens.
    counts = [1, 1]
    while len(counts) < count:
        counts.append(counts[-1] + counts[-2])
    padded = np.array([min(c, 2**50) for c in counts] + [0] * (256 - count))
    lengths = code_lengths(padded)
    assert lengths[:count].max() <= 15
    assert sum(2 ** (15 - int(n)) for n in lengths[:count]) == 1 << 15

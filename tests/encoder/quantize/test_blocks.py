"""Blocks for the two-dimensional DCT: kernels, and what everything else is cut into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.blocks import cut_blocks
from nntc.format.registry import ViewKind
from nntc.format.transform import Transform
from nntc.format.view import View

M, T = ViewKind.MATRIX, ViewKind.TRANSPOSED


@pytest.mark.parametrize(
    ("view", "cut", "block"),
    [
        (View(M, 8, 3, 9), View(M, 8, 3, 9), (3, 3)),
        (View(T, 8, 3, 9), View(T, 8, 3, 9), (3, 3)),
        (View(M, 8, 3, 49), View(M, 8, 3, 49), (7, 7)),
        (View(M, 8, 3, 121), View(M, 8, 3, 121), (11, 11)),
        (View(M, 8, 3, 256), View(M, 8, 3, 256), (16, 16)),
        (View(M, 8, 3, 5), View(M, 8, 3, 5), (1, 5)),
        (View(M, 8, 3, 16), View(M, 8, 3, 16), (4, 4)),
        (View(M, 8, 3, 35), View(M, 8, 3, 35), (5, 7)),
        (View(M, 8, 3, 512), View(M, 8, 24, 64), (8, 8)),
        (View(M, 8, 2, 17), View(M, 8, 17, 2), (1, 2)),
        (View(M, 8, 64, 1), View(M, 8, 1, 64), (8, 8)),
        (View(M, 8, 16, 1), View(M, 8, 1, 16), (4, 4)),
        (View(M, 8, 1000, 1), View(M, 8, 25, 40), (5, 8)),
        (View(M, 8, 96, 1), View(M, 8, 2, 48), (6, 8)),
        (View(M, 8, 13, 1), View(M, 8, 13, 1), (1, 1)),
        (View(T, 64, 13, 1), View(M, 13, 1, 64), (8, 8)),
        (View(T, 3, 13, 1000), View(M, 13, 75, 40), (5, 8)),
    ],
)
def test_blocks(view: View, cut: View, block: tuple[int, int]) -> None:
    assert cut.size == view.size
    assert cut_blocks(view) == (cut, block)


@given(st.sampled_from((M, T)), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_blocks_fill_every_view_evenly(kind: ViewKind, rows: int, channels: int, period: int) -> None:
    view = View(kind, rows, channels, period)
    cut, block = cut_blocks(view)
    assert cut.size == view.size
    assert Transform(*block).period == cut.period
    # What is cut is consecutive in the order that it says it has.
    order = np.arange(view.size)
    expected = view.to_coded(order) if cut.kind is kind else order
    assert (cut.to_coded(order) == expected).all()

"""Sizes of fragments."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.entropy.fragments import assemble, expected_size
from nntc.encoder.entropy.symbols import symbol_data
from nntc.format.registry import Coder


@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
@pytest.mark.parametrize("count", [10, 3000, 50_000])
def test_sizes_are_known_before_streams_are_encoded(coder: Coder, count: int) -> None:
    tokens = np.random.default_rng(count).geometric(0.4, count).clip(0, 30).astype(np.uint8)
    fragments = symbol_data(tokens, coder)
    assert expected_size(fragments) == pytest.approx(len(assemble([fragments])[0]), rel=0.003, abs=8)

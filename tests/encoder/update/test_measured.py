"""The search for how precisely a change is coded."""

from __future__ import annotations

from typing import Any

import pytest
from nntc.encoder.update.measured import SHARES, fewest_bytes


class File:
    def __init__(self, size: int) -> None:
        self.size = size


def tried(divergences: list[float], fresh: float) -> int:
    """Return which of the prices is taken, the coarsest being 0, where so much comes of them."""

    def encode_at(share: float) -> Any:
        return File(100 + SHARES.index(share)), None

    found = fewest_bytes(encode_at, lambda encoding: divergences[encoding[0].size - 100], fresh)
    return found[0].size - 100


@pytest.mark.parametrize(
    ("divergences", "fresh", "number"),
    [
        ([0.1, 9, 9, 9, 9, 9], 1.0, 0),
        ([5.0, 2.0, 1.0, 9, 9, 9], 1.0, 2),
        ([5.0, 2.0, 1.95, 1.0, 9, 9], 1.0, 1),
        ([6.0, 5.0, 4.0, 3.0, 2.5, 2.0], 1.0, 5),
    ],
)
def test_no_more_bytes_than_outputs_feel(divergences: list[float], fresh: float, number: int) -> None:
    assert tried(divergences, fresh) == number

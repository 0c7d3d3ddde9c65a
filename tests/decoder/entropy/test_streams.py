"""Streams of rANS: how many steps their lanes take, and the order of tokens."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.format.trellis import Trellis


@pytest.mark.parametrize(
    ("count", "segment", "lanes", "rounds"),
    [(12, 1, 3, 4), (13, 1, 3, 5), (12, 4, 3, 1), (13, 4, 3, 2), (1, 8, 1, 1)],
)
def test_idle_ends_of_the_last_round_count_as_steps(
    count: int, segment: int, lanes: int, rounds: int
) -> None:
    states, words = np.zeros(lanes, np.uint32), np.zeros(0, np.uint16)
    stream = RansStream(count, segment, Trellis.NONE, [], 0, 0, None, states, words, 0)
    assert (stream.lanes, stream.rounds, stream.steps) == (lanes, rounds, rounds * segment)


def test_indices_are_in_coded_order_and_count_from_the_first() -> None:
    # [rounds, segment, lanes] as they are decoded: one row of lanes a step.
    decoded = np.array([[[10, 14], [11, 15]], [[12, 16], [13, 17]]], np.uint16)
    tokens = DependentTokens(decoded.transpose(0, 2, 1), 7, 10, np.zeros(8, np.uint8), np.zeros(8, np.uint8))
    assert tokens.indices().tolist() == [0, 1, 4, 5, 2, 3, 6]

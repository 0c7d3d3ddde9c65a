"""Streams encoded together, and numbers of lanes."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from nntc.encoder.entropy.rans import EncoderStream, choose_lanes
from nntc.encoder.entropy.tables import make_table
from nntc.format.rans import MAX_LANES, MAX_STEPS
from nntc.kernels.encoding import encode_rans

from tests import strategies


@given(strategies.chance())
def test_how_streams_are_encoded_together_never_shows(rng: Random) -> None:
    streams = []
    for _ in range(rng.randint(1, 9)):
        tokens = np.array([rng.choice((0, 9, 100)) for _ in range(rng.choice((1, 30, 400)))], np.uint8)
        segment = rng.choice((1, 5))
        table = make_table(np.bincount(tokens, minlength=256))[0]
        lanes = rng.randint(1, -(-tokens.size // segment))
        streams.append(EncoderStream(tokens, None, [table], segment, lanes))
    together = encode_rans(streams)
    for stream, found in zip(streams, together, strict=True):
        alone = encode_rans([stream])[0]
        assert found.states.tolist() == alone.states.tolist()
        assert found.words.tolist() == alone.words.tolist()


@given(st.integers(1, 2**29), st.integers(1, MAX_STEPS))
@example(2**29, 1)
@example(1, MAX_STEPS)
def test_lane_counts_are_what_the_format_allows(count: int, segment: int) -> None:
    segments = -(-count // segment)
    if segments <= MAX_LANES * (MAX_STEPS // segment):
        lanes = choose_lanes(count, segment)
        assert 1 <= lanes <= min(segments, MAX_LANES)
        assert segment * -(-segments // lanes) <= MAX_STEPS

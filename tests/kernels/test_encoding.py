"""Kernels for encoding: the same bits from numpy, portable C and C for this processor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.entropy.huffman import canonical_codes, code_lengths
from nntc.encoder.entropy.rans import EncoderStream
from nntc.encoder.entropy.tables import make_table
from nntc.encoder.quantize.feedback import search_with_feedback
from nntc.encoder.quantize.trellis import TrellisLevels, search
from nntc.format.trellis import MACHINES, MANY_STATES, Machine
from nntc.kernels.encoding import encode_huffman, encode_rans
from nntc.kernels.sequences import BLOCK, Sequences

from .building import require_native, results

EACH_MACHINE = st.sampled_from(tuple(MACHINES.values()))
SEEDS = st.integers(0, 1 << 32)


@given(SEEDS, st.sampled_from((1, 2, 7, 16, 40)), st.sampled_from((1, 3, 64)), st.integers(1, 3))
def test_rans_streams_are_encoded_alike(seed: int, lanes: int, segment: int, tables: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers((lanes - 1) * segment + 1, 4 * lanes * segment + 1))
    tokens = np.minimum(rng.geometric(rng.choice((0.02, 0.3, 0.99)), count), 255).astype(np.uint8)
    made = [make_table(np.bincount(tokens, minlength=256) + (k > 0))[0] for k in range(tables)]
    numbers = rng.integers(0, tables, count).astype(np.uint16) if tables > 1 else None
    stream = EncoderStream(tokens, numbers, made, segment, lanes)
    first, *others = results(lambda: encode_rans([stream, stream]))
    for other in others:
        for a, b in zip(first, other, strict=True):
            assert a.states.dtype == b.states.dtype
            assert np.array_equal(a.states, b.states)
            assert np.array_equal(a.words, b.words)


@given(SEEDS, st.sampled_from((1, 3, 100)), st.sampled_from((1, 2, 30, 256)))
def test_huffman_lanes_are_written_alike(seed: int, lanes: int, alphabet: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(alphabet, 0.1))
    tokens = rng.choice(alphabet, int(rng.integers(lanes, 20 * lanes + 1)), p=weights).astype(np.uint8)
    lengths = code_lengths(np.bincount(tokens, minlength=256))
    first, *others = results(lambda: encode_huffman(tokens, lengths, canonical_codes(lengths), lanes))
    assert all(other == first for other in others)


def rates(rng: np.random.Generator, contexts: int) -> np.ndarray:
    """Return costs of tokens that tie now and then."""
    bits = (
        rng.exponential(8, (2 * contexts, 256))
        if rng.random() < 0.8
        else rng.integers(0, 3, (2 * contexts, 256))
    )
    return bits.astype(np.float32)


def assert_alike(found: list[TrellisLevels]) -> None:
    first, *others = found
    for other in others:
        assert first.levels.dtype == other.levels.dtype
        assert first.quantizers.dtype == other.quantizers.dtype
        assert np.array_equal(first.levels, other.levels)
        assert np.array_equal(first.quantizers, other.quantizers)


def values(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return values small and large, of either sign, some of them on the grid."""
    x = rng.choice((0.3, 3, 200, 9000)) * rng.standard_normal(shape)
    x = np.where(rng.random(shape) < 0.2, np.rint(x), x)
    clipped: np.ndarray = np.clip(x, -59_000, 59_000).astype(np.float32)
    return clipped


@given(SEEDS, EACH_MACHINE, st.integers(1, 700), st.sampled_from((1, 2, 7, 8, 9, 16, 17, 128, 1000)))
def test_a_trellis_search_decides_alike(seed: int, machine: Machine, count: int, segment: int) -> None:
    rng = np.random.default_rng(seed)
    x, contexts = values(rng, count), rng.integers(0, 3, count).astype(np.uint16)
    zeros = rng.random(count) < 0.3 if rng.random() < 0.5 else None
    bits, weight = rates(rng, 3), float(rng.choice((0, 0.1, 1)))
    assert_alike(results(lambda: search(x, contexts, bits, weight, segment, machine, zeros)))


@given(
    SEEDS,
    EACH_MACHINE,
    st.sampled_from((1, 2, 3, 8)),
    st.integers(1, 3),
    st.sampled_from((1, 5, 8, 31, 32, 33, 70, 100)),
)
def test_a_search_with_feedback_decides_alike(
    seed: int, machine: Machine, survivors: int, groups: int, length: int
) -> None:
    rng = np.random.default_rng(seed)
    survivors = 1 if machine is MANY_STATES else survivors
    count = groups * int(rng.integers(1, 4))
    shift = rng.standard_normal((groups, length, length)) * rng.choice((0, 0.1, 0.5))
    sequences = Sequences(
        values(rng, count, length),
        np.triu(shift, 1) + np.eye(length),
        rng.exponential(1, (groups, length)).astype(np.float32),
        rng.integers(0, 3, (count, length)).astype(np.uint16),
        rng.random((count, length)) < 0.3 if rng.random() < 0.5 else None,
        BLOCK * int(rng.integers(1, 4)) if rng.random() < 0.5 else None,
    )
    bits, weight = rates(rng, 3), float(rng.choice((0, 0.1, 1)))
    assert_alike(results(lambda: search_with_feedback(sequences, bits, weight, survivors, machine)))


def test_sizes_that_do_not_fit_are_refused() -> None:
    require_native()
    from nntc.kernels.native import _native

    x, levels, quantizers = np.zeros(3, np.float32), np.zeros(3, np.int32), np.zeros(2, np.uint8)
    costs = np.zeros((2, 130), np.float32)
    with pytest.raises(ValueError, match="sizes differ"):
        _native.search_trellis(x, np.zeros(3, np.uint16), costs, None, 2, 1, levels, quantizers)
    with pytest.raises(ValueError, match="no costs"):
        _native.search_trellis(x, np.ones(3, np.uint16), costs, None, 2, 1, levels, np.zeros(3, np.uint8))
    frequencies = np.zeros((1, 256), np.uint16)
    states, words = np.zeros(1, np.uint32), np.zeros(3, np.uint16)
    with pytest.raises(ValueError, match="no frequency"):
        _native.encode_rans(frequencies, np.zeros(3, np.uint8), None, 1, states, words)

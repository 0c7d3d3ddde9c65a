from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.trellis import MAX_LEVEL, MIN_LEVEL, TrellisLevels, search
from nntc.format.integers import ESCAPE
from nntc.format.trellis import EIGHT_STATES, FOUR_STATES, MANY_STATES, Machine
from numpy.typing import NDArray

MACHINES = (FOUR_STATES, EIGHT_STATES, MANY_STATES)
Values = NDArray[np.float32]
LEFT = {FOUR_STATES: 0.86, EIGHT_STATES: 0.84, MANY_STATES: 0.79}
FREE = np.zeros((2, 256), np.float32)


def found(x: Values, bits: Values, weight: float, segment: int, machine: Machine) -> TrellisLevels:
    return search(x, np.zeros(x.size, np.uint16), bits, weight, segment, machine)


def quantizers(tokens: NDArray[np.uint8], segment: int, machine: Machine) -> list[int]:
    """Return the quantizers that a decoder uses."""
    out = []
    state = 0
    for i, token in enumerate(tokens.tolist()):
        if i % segment == 0:
            state = 0
        out.append(machine.quantizer[state])
        state = machine.next[state][token & 1]
    return out


def rates(rng: np.random.Generator) -> Values:
    """Return the bits of tokens that are rarer the larger they are, the same for both signs."""
    magnitude = np.abs(np.arange(256) + MIN_LEVEL)
    rows = [rng.uniform(0.2, 2) * magnitude + rng.uniform(0.5, 3) for _ in range(2)]
    return np.stack(rows).astype(np.float32)


@pytest.mark.parametrize("machine", MACHINES)
@given(
    st.integers(0, 1 << 32),
    st.integers(1, 400),
    st.sampled_from((1, 2, 7, 128, 1000)),
    st.sampled_from((0.05, 1, 20, 300, 20_000)),
)
def test_levels_are_what_the_decoder_walks_through(
    machine: Machine, seed: int, count: int, segment: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    x = np.clip(scale * rng.standard_t(3, count), -50_000, 50_000).astype(np.float32)
    result = found(x, rates(rng), 0.1, segment, machine)
    assert result.levels.shape == result.quantizers.shape == x.shape
    assert result.quantizers.tolist() == quantizers(result.tokens, segment, machine)
    escaped = result.tokens == ESCAPE
    assert (result.levels[escaped] & 1 == 1).all()
    assert (np.abs(result.levels[escaped]) > MAX_LEVEL).all()
    assert (result.levels[~escaped] == result.tokens[~escaped].astype(int) + MIN_LEVEL).all()
    k = result.levels
    assert (result.fine == 2 * k - np.sign(k) * result.quantizers).all()
    assert (np.abs(result.fine - x) <= 4.1).all() or scale < 1


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("scale", [2, 10, 100])
def test_distortion_is_below_that_of_plain_rounding(machine: Machine, scale: float) -> None:
    x = (scale * np.random.default_rng(4).normal(0, 1, 20_000)).astype(np.float32)
    result = found(x, FREE, 0.0, 128, machine)
    # Rounding to even integers costs as many bits and leaves 4 / 12; the granular gain is 0.8 to 1.1 dB.
    rounded = np.mean((x - 2 * np.rint(x / 2)) ** 2)
    assert np.mean((result.fine - x) ** 2) < LEFT[machine] * rounded


@pytest.mark.parametrize("machine", MACHINES)
def test_a_higher_price_of_bits_saves_them(machine: Machine) -> None:
    rng = np.random.default_rng(5)
    x = (3 * rng.normal(0, 1, 5000)).astype(np.float32)
    bits = rates(rng)
    spent, noise = [], []
    for weight in (0, 0.05, 0.3, 1, 4):
        result = found(x, bits, weight, 128, machine)
        spent.append(float(bits[result.quantizers, result.tokens].sum()))
        noise.append(float(np.mean((result.fine - x) ** 2)))
    assert spent == sorted(spent, reverse=True)
    assert noise == sorted(noise)


def cost(x: Values, k: NDArray[np.int64], q: list[int], bits: Values, weight: float) -> float:
    fine = 2 * k - np.sign(k) * np.array(q)
    return float(np.sum((fine - x) ** 2) + weight * bits[q, k - MIN_LEVEL].sum())


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 1 << 32), st.integers(1, 4), st.sampled_from((0.0, 0.05)))
def test_no_sequence_is_cheaper(machine: Machine, seed: int, count: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    # So small that the points around a value, and zero, are all that can be best.
    x = rng.uniform(-2.4, 2.4, count).astype(np.float32)
    bits = rates(rng)
    # Whole segments: what fills up the last one of a tensor would have its say.
    result = found(x, bits, weight, count, machine)
    best = np.inf
    for levels in product(range(-2, 3), repeat=count):
        k = np.array(levels)
        walked = quantizers((k - MIN_LEVEL).astype(np.uint8), 128, machine)
        best = min(best, cost(x, k, walked, bits, weight))
    mine = cost(x, result.levels.astype(np.int64), result.quantizers.tolist(), bits, weight)
    assert mine <= best * (1 + 1e-5) + 1e-5


def test_contexts_choose_their_own_rates() -> None:
    x = np.full(256, 0.9, np.float32)
    cheap, dear = np.zeros((2, 256), np.float32), np.full((2, 256), 20, np.float32)
    dear[:, -MIN_LEVEL] = 0
    numbers = np.repeat([0, 1], 128).astype(np.uint16)
    result = search(x, numbers, np.concatenate([cheap, dear]), 1.0, 128)
    assert (result.levels[:128] != 0).any()
    assert (result.levels[128:] == 0).all()


def test_segments_do_not_know_of_each_other() -> None:
    rng = np.random.default_rng(6)
    x = (5 * rng.normal(0, 1, 5 * 64 + 17)).astype(np.float32)
    bits = rates(rng)
    whole = found(x, bits, 0.2, 64, EIGHT_STATES)
    for start in range(0, x.size, 64):
        part = found(x[start : start + 64], bits, 0.2, 64, EIGHT_STATES)
        assert part.levels.tolist() == whole.levels[start : start + 64].tolist()

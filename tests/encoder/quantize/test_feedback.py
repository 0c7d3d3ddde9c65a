from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.encoder.quantize import feedback
from nntc.encoder.quantize.feedback import _parts, search_with_feedback
from nntc.encoder.quantize.trellis import MIN_LEVEL, search
from nntc.format.trellis import EIGHT_STATES, MANY_STATES, Machine
from nntc.kernels.sequences import Sequences
from numpy.typing import NDArray

FREE = np.zeros((2, 256), np.float32)
EACH = pytest.mark.parametrize("machine", [EIGHT_STATES, MANY_STATES])
COSTLY = (0.8 * np.abs(np.arange(256) + MIN_LEVEL)[None].repeat(2, 0)).astype(np.float32)


def sequences(rng: np.random.Generator, rows: int, length: int, groups: int = 1) -> Sequences:
    """Return random weights whose layer has strongly correlated inputs."""
    mixed = rng.normal(size=(groups, length, length)) + 2 * rng.normal(size=(groups, length, 1))
    factors = np.linalg.cholesky(mixed @ mixed.swapaxes(1, 2) + 0.1 * np.eye(length))[:, ::-1, ::-1]
    diagonals = np.einsum("gii->gi", factors)
    return Sequences(
        rng.normal(0, 3, (rows, length)).astype(np.float32),
        factors / diagonals[:, None, :],
        np.ones((groups, length), np.float32),
        np.zeros((rows, length), np.uint16),
    )


def unrelated(given: Sequences) -> Sequences:
    """Return the same weights in a layer with inputs that are not correlated."""
    one = np.broadcast_to(np.eye(given.x.shape[1]), given.filters.shape)
    return Sequences(given.x, one, given.weights, given.contexts)


def output_error(given: Sequences, fine: NDArray[np.int32]) -> float:
    error = (given.x - fine.reshape(given.x.shape)).reshape(len(given.filters), -1, given.x.shape[1])
    return float(((error @ given.filters) ** 2).sum())


@EACH
@given(st.integers(0, 1 << 32), st.integers(1, 40), st.integers(1, 32))
def test_without_correlation_it_is_the_plain_search(
    machine: Machine, seed: int, rows: int, length: int
) -> None:
    given = unrelated(sequences(np.random.default_rng(seed), rows, length))
    rounded = (np.rint(given.x * 4096) / 4096).astype(np.float32)
    plain = search(rounded.ravel(), given.contexts.ravel(), COSTLY, 0.3, length, machine)
    found = search_with_feedback(given, COSTLY, 0.3, 1, machine)
    np.testing.assert_array_equal(found.levels, plain.levels)
    np.testing.assert_array_equal(found.quantizers, plain.quantizers)


@settings(max_examples=30)
@given(st.integers(0, 1 << 32), st.integers(8, 40), st.integers(16, 100), st.integers(1, 3))
def test_feedback_lowers_the_output_error(seed: int, rows: int, length: int, survivors: int) -> None:
    given = sequences(np.random.default_rng(seed), rows, length)
    without = search_with_feedback(unrelated(given), FREE, 0, survivors)
    found = search_with_feedback(given, FREE, 0, survivors)
    assert output_error(given, found.fine) < 0.7 * output_error(given, without.fine)


@EACH
@pytest.mark.parametrize("length", [5, 32, 33, 64, 100])
def test_quantizers_are_those_of_the_decoder(length: int, machine: Machine) -> None:
    given = sequences(np.random.default_rng(length), 7, length)
    found = search_with_feedback(given, COSTLY, 0.2, machine=machine)
    assert found.machine is machine
    for row in range(7):
        state = 0
        for i in range(row * length, (row + 1) * length):
            assert found.quantizers[i] == machine.quantizer[state]
            state = machine.next[state][int(found.tokens[i]) & 1]


def test_more_survivors_come_nearer() -> None:
    given = sequences(np.random.default_rng(3), 200, 80)
    errors = [output_error(given, search_with_feedback(given, FREE, 0, n).fine) for n in (1, 2, 4)]
    assert errors[0] > errors[1] > errors[2]


def test_more_states_come_nearer_than_more_survivors() -> None:
    given = sequences(np.random.default_rng(3), 200, 80)
    survivors, states = (
        output_error(given, search_with_feedback(given, FREE, 0, machine=machine).fine)
        for machine in (EIGHT_STATES, MANY_STATES)
    )
    assert states < 0.98 * survivors


@pytest.mark.parametrize(("rows", "groups"), [(20, 1), (24, 3), (24, 24)])
def test_rows_do_not_depend_on_what_is_searched_with_them(
    rows: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sequences(np.random.default_rng(1), rows, 50, groups)
    together = search_with_feedback(given, COSTLY, 0.2)
    for at_once in (1, 4, 9):
        monkeypatch.setattr(feedback, "_ROWS", at_once)
        apart = search_with_feedback(given, COSTLY, 0.2)
        np.testing.assert_array_equal(apart.levels, together.levels)
        np.testing.assert_array_equal(apart.quantizers, together.quantizers)


def test_large_values_are_escaped_as_the_format_has_it() -> None:
    given = sequences(np.random.default_rng(5), 3, 10)
    given.x[1, 4] = 1000.0
    found = search_with_feedback(unrelated(given), FREE, 0)
    assert found.fine.reshape(3, 10)[1, 4] == pytest.approx(1000, abs=2)
    assert found.levels.reshape(3, 10)[1, 4] % 2 == 1


@pytest.mark.parametrize(
    ("count", "groups"), [(1, 1), (2500, 1), (960, 960), (6000, 3), (5000, 50), (40_000, 1)]
)
def test_every_sequence_is_searched_once(count: int, groups: int) -> None:
    seen = np.zeros(count, int)
    for rows, group in _parts(count, groups):
        seen[rows] += 1
        size = (rows.stop - rows.start) // (group.stop - group.start)
        assert group.stop - group.start == 1 or size == count // groups
        assert rows.start // (count // groups) == group.start
    assert (seen == 1).all()

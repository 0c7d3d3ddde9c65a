from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.encoder.quantize import few_levels
from nntc.encoder.quantize.few_levels import FewLevels, lower_entropy
from numpy.typing import NDArray

from tests.nibble_models import codes, scales


def weights(rows: int = 64, columns: int = 96, seed: int = 0) -> FewLevels:
    zeros = np.full((rows, columns), 8, np.int8)
    own = np.repeat(scales((rows, -(-columns // 32)), seed), 32, axis=1)[:, :columns]
    return FewLevels(codes((rows, columns), seed), own, zeros)


def factors(rng: np.random.Generator, groups: int, size: int) -> NDArray[np.float64]:
    """Return factors of the moments of strongly correlated inputs."""
    mixed = rng.normal(size=(groups, size, size)) + 2 * rng.normal(size=(groups, size, 1))
    moments = mixed @ mixed.swapaxes(1, 2) / size + 0.05 * np.eye(size)
    return np.ascontiguousarray(np.linalg.cholesky(moments[:, ::-1, ::-1])[:, ::-1, ::-1])


def entropy(values: NDArray[np.uint8]) -> float:
    counts = np.unique(values, return_counts=True)[1]
    return float(counts @ np.log2(counts.sum() / counts)) / values.size


def noise_of(given: FewLevels, found: NDArray[np.uint8]) -> float:
    errors = (found.astype(int) - given.codes) * given.scales
    return float(np.mean(errors**2))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(8, 24), st.integers(1, 80), st.integers(1, 100))
def test_entropy_falls_and_the_noise_is_about_what_may_be(
    seed: int, quality: float, rows: int, columns: int
) -> None:
    given = weights(rows, columns, seed)
    allowed = float(np.mean(given.values**2)) * 10 ** (-quality / 10)
    found = lower_entropy(given, allowed)
    assert (found.shape, found.dtype) == (given.codes.shape, given.codes.dtype)
    assert found.max() < 16
    assert noise_of(given, found) <= 2 * allowed
    assert entropy(found) <= entropy(given.codes) + 1e-9


def test_more_noise_makes_less_entropy() -> None:
    given = weights(256)
    power = float(np.mean(given.values**2))
    found = [lower_entropy(given, power * share) for share in (1e-6, 0.01, 0.03, 0.05, 0.1, 0.3)]
    np.testing.assert_array_equal(found[0], given.codes)
    entropies = [entropy(own) for own in found]
    assert entropies == sorted(entropies, reverse=True)
    assert entropies[0] - entropies[-1] > 1.5


@pytest.mark.parametrize(("groups", "along_rows"), [(1, True), (4, True), (3, False)])
def test_errors_make_up_for_each_other_in_the_output(groups: int, along_rows: bool) -> None:
    given = weights(128)
    size = 96 if along_rows else 96 // groups
    known = factors(np.random.default_rng(1), groups, size)

    def power(matrix: NDArray[np.floating]) -> float:
        own = matrix.reshape(groups, -1, size)
        if not along_rows:
            own = matrix.reshape(-1, groups, size).swapaxes(0, 1)
        return float(((own @ known) ** 2).sum()) / matrix.size

    allowed = 0.01 * power(given.values)
    found = lower_entropy(given, allowed, known, along_rows=along_rows)
    ours = power((found.astype(int) - given.codes) * given.scales)
    assert ours <= 2 * allowed
    # Without knowing the inputs, as many bits or more cost more in the output.
    shares = np.geomspace(0.01, 3, 24) * float(np.mean(given.values**2))
    rivals = [lower_entropy(given, share) for share in shares]
    rival = min((own for own in rivals if entropy(own) >= entropy(found)), key=entropy)
    assert ours < 0.7 * power((rival.astype(int) - given.codes) * given.scales)


def test_rows_at_once_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = weights(70)
    known = factors(np.random.default_rng(2), 2, 48)
    allowed = 0.02 * float(np.mean(given.values**2))

    def both() -> list[NDArray[np.uint8]]:
        return [lower_entropy(given, allowed), lower_entropy(given, allowed, known, along_rows=False)]

    whole = both()
    monkeypatch.setattr(few_levels, "_AT_ONCE", 500)
    for one, other in zip(whole, both(), strict=True):
        np.testing.assert_array_equal(one, other)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.allocate import (
    LEAST_WEIGHT_NOISE,
    MAX_NOISE,
    WEIGHT_GAP,
    allocate_by_sensitivity,
    allocate_noise,
    equal_noise,
)

SIZES = st.lists(st.integers(16, 10**8), max_size=20)


@given(SIZES, SIZES, st.floats(0.1, 140))
def test_noise_grows_with_size(weights: list[int], parameters: list[int], quality: float) -> None:
    noise, parameter_noise = allocate_noise(weights, parameters, quality)
    assert (noise.size, parameter_noise.size) == (len(weights), len(parameters))
    together = np.concatenate([noise, parameter_noise])
    assert np.isfinite(together).all()
    assert (together > 0).all()
    assert (together <= MAX_NOISE).all()
    for sizes, found in ((weights, noise), (parameters, parameter_noise)):
        assert (np.diff(found[np.argsort(sizes, kind="stable")]) >= 0).all()


@given(SIZES, SIZES, st.floats(0.1, 130))
def test_a_higher_quality_has_less_noise(weights: list[int], parameters: list[int], quality: float) -> None:
    for more, less in zip(
        allocate_noise(weights, parameters, quality),
        allocate_noise(weights, parameters, quality + 3),
        strict=True,
    ):
        assert (less <= more * (1 + 1e-9)).all()


@given(st.integers(16, 10**8), st.integers(1, 9), st.floats(7, 130))
def test_tensors_alike_get_the_quality(size: int, count: int, quality: float) -> None:
    noise, _ = allocate_noise([size] * count, [], quality)
    np.testing.assert_allclose(noise, 10 ** (-quality / 10), rtol=1e-6)


@given(st.lists(st.tuples(st.integers(16, 10**8), st.floats(1e-12, 1e6)), max_size=20), st.floats(0.1, 140))
def test_equal_noise_is_one_squared_error(tensors: list[tuple[int, float]], quality: float) -> None:
    sizes, powers = [n for n, _ in tensors], np.array([p for _, p in tensors])
    noise, parameter_noise = equal_noise(sizes, powers.tolist(), 3, quality)
    assert (noise.size, parameter_noise.size) == (len(tensors), 3)
    assert ((noise > 0) & (noise <= 1)).all()
    errors = noise * powers
    free = noise < 1
    if free.any():
        np.testing.assert_allclose(errors[free], errors[free][0])
        assert (errors[~free] <= errors[free][0] * (1 + 1e-9)).all()
    if free.all() and tensors:
        pooled = np.dot(errors, sizes) / np.dot(powers, sizes)
        assert pooled == pytest.approx(10 ** (-quality / 10))


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(1e-3, 1e3)), min_size=1, max_size=20),
    st.floats(5, 60),
)
def test_noise_by_sensitivity_has_the_mean_asked_for(layers: list[tuple[int, float]], quality: float) -> None:
    sizes = {i: n for i, (n, _) in enumerate(layers)}
    noise = allocate_by_sensitivity(sizes, {i: s for i, (_, s) in enumerate(layers)}, quality, list(sizes))
    mean = sum(n * noise[i] for i, n in sizes.items()) / sum(sizes.values())
    assert mean == pytest.approx(10 ** (-quality / 10), rel=1e-3)


def test_noise_goes_where_it_costs_little() -> None:
    sizes = {0: 1000, 1: 1000, 2: 4000, 3: 10, 4: 1000}
    noise = allocate_by_sensitivity(sizes, {0: 1.0, 1: 4.0, 2: 1.0, 3: 1e-9}, 40, [0, 1, 2, 4])
    assert noise[0] == pytest.approx(4 * noise[1])
    assert noise[2] == pytest.approx(4 * noise[0])
    assert noise[4] == pytest.approx(noise[0])  # as the median, where nothing is known
    assert noise[3] > 1  # no weight, and nothing depends on it


@pytest.mark.parametrize("known", [{}, {0: 0.0, 1: 0.0}, {0: np.inf, 1: np.inf}, {0: np.nan, 1: 1.0}])
def test_all_count_alike_where_no_sensitivity_is_known(known: dict[int, float]) -> None:
    assert allocate_by_sensitivity({0: 100, 1: 100}, known, 30, [0, 1])[0] == pytest.approx(1e-3)


@given(st.floats(7, 130))
def test_a_small_tensor_is_more_precise_than_all_but_not_by_much(quality: float) -> None:
    noise, _ = allocate_noise([100, 10**8], [], quality)
    wanted = 10 ** (-quality / 10)
    assert noise[0] == pytest.approx(min(LEAST_WEIGHT_NOISE, WEIGHT_GAP * wanted))
    assert noise[1] == pytest.approx(wanted, rel=1e-5)

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nntc.encoder.options import Centroids
from nntc.encoder.quantize.clustering import cluster, nearest
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

Values = NDArray[np.float64]

finite = st.floats(allow_nan=False, allow_infinity=False)
some_values = hnp.arrays(np.float64, st.integers(1, 80), elements=finite)


def distortion(values: Values, centroids: Values) -> float:
    return float(np.mean((values - centroids[nearest(values, centroids)]) ** 2))


def samples(name: str, count: int) -> Values:
    generator = np.random.default_rng(1)
    drawn: Values = getattr(generator, name)(size=count)
    return drawn


@pytest.mark.parametrize("name", ["normal", "laplace", "uniform"])
@pytest.mark.parametrize(("count", "slack"), [(2, 1.001), (8, 1.02), (16, 1.1), (64, 1.25)])
def test_is_as_good_as_scipy(name: str, count: int, slack: float) -> None:
    values = samples(name, 4000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty clusters
        trials = [kmeans2(values[:, None], count, iter=50, minit="points", rng=seed)[0] for seed in range(10)]
    best = min(distortion(values, np.sort(centroids[:, 0])) for centroids in trials)
    assert distortion(values, cluster(values, count)) <= slack * best


def test_finds_the_optimum_of_a_small_problem() -> None:
    values = np.sort(samples("normal", 30))
    optimum = min(
        sum(float(part.var() * part.size) for part in np.split(values, bounds))
        for bounds in itertools.combinations(range(1, 30), 3)
    )
    assert distortion(values, cluster(values, 4)) * 30 <= 1.05 * optimum
    assert distortion(values, cluster(values, 4, restarts=200)) * 30 == pytest.approx(optimum)


@pytest.mark.parametrize("distinct", [1, 2, 7, 8])
def test_few_distinct_values_are_the_centroids(distinct: int) -> None:
    values = np.tile(np.arange(distinct)[::-1] / 7, 5)
    np.testing.assert_array_equal(cluster(values, 8), np.arange(distinct) / 7)


def test_repeated_values_count_as_often_as_they_occur() -> None:
    values = np.array([0.0] * 98 + [1.0, 2.0])
    np.testing.assert_allclose(cluster(values, 1), [0.03])
    np.testing.assert_allclose(cluster(values, 2), [0.0, 1.5], atol=1e-15)


def test_many_zeros_leave_the_other_values_their_clusters() -> None:
    values = np.concatenate([np.zeros(9000), samples("normal", 1000)])
    assert distortion(values, cluster(values, 16)) < 0.01


@pytest.mark.parametrize("exponent", [-1000, -30, 30, 1000])
def test_scale_does_not_matter(exponent: int) -> None:
    values = samples("normal", 500)
    np.testing.assert_array_equal(
        cluster(np.ldexp(values, exponent), 8), np.ldexp(cluster(values, 8), exponent)
    )


def test_a_large_mean_does_not_drown_small_differences() -> None:
    values = 1000 + samples("normal", 500) / 1000
    assert distortion(values, cluster(values, 16)) < 1e-6 * 0.02


def test_the_order_of_values_does_not_matter() -> None:
    values = samples("normal", 500)
    np.testing.assert_array_equal(cluster(values[::-1], 8), cluster(values, 8))


def test_linear_centroids_are_even_from_end_to_end() -> None:
    values = np.append(samples("normal", 500), 9)
    found = cluster(values, 6, start=Centroids.LINEAR, steps=0)
    np.testing.assert_allclose(found, np.linspace(values.min(), 9, 6))


def test_density_centroids_have_equally_many_values_around_them() -> None:
    values = samples("laplace", 5000)
    found = cluster(values, 10, start=Centroids.DENSITY, steps=0)
    np.testing.assert_allclose(found, np.quantile(values, np.arange(0.05, 1, 0.1)), atol=1e-2)


def test_random_centroids_are_values() -> None:
    values = samples("normal", 500)
    found = cluster(values, 10, start=Centroids.RANDOM, steps=0)
    assert np.abs(found[:, None] - values).min(axis=1).max() < 1e-12


@pytest.mark.parametrize("start", Centroids)
def test_steps_lessen_the_distortion(start: Centroids) -> None:
    values = samples("laplace", 4000)
    before, after = (distortion(values, cluster(values, 16, start=start, steps=n)) for n in (0, 100))
    assert after < 0.9 * before


@given(some_values, st.integers(1, 20), st.sampled_from(Centroids))
def test_centroids_ascend_within_the_range(values: Values, count: int, start: Centroids) -> None:
    centroids = cluster(values, count, start=start)
    assert 1 <= centroids.size <= count
    assert np.all(centroids[1:] >= centroids[:-1])
    assert values.min() <= centroids[0]
    assert centroids[-1] <= values.max()


@given(some_values, st.integers(1, 20))
def test_nearest_is_nearest(values: Values, count: int) -> None:
    values = np.ldexp(values, -2)  # differences of the largest numbers would overflow
    centroids = cluster(values, count)
    distances = np.abs(values[:, None] - centroids[None, :])
    chosen = distances[np.arange(values.size), nearest(values, centroids)]
    best = distances.min(axis=1)
    assert np.all(chosen <= best + 1e-12 * np.abs(values).max())

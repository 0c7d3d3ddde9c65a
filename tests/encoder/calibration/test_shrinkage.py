"""Shrinkage by cross-validation, and samples that tell nothing."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.calibration.shrinkage import Shrinkage, choose_shrinkage
from nntc.encoder.calibration.weight_prior import kernel_moments, prior_moments
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_variation import lack_of_variation
from nntc.encoder.samples import Samples
from numpy.typing import NDArray
from onnx import helper

from tests.networks import decisive, model_of

SIZE = 40


def halves(count: int, correlated: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    common = correlated * rng.normal(size=(2, count, 3)) @ rng.normal(size=(3, SIZE))
    x = common + rng.normal(size=(2, count, SIZE))
    moments = x.swapaxes(1, 2) @ x / count
    return moments[:1], moments[1:]


def test_many_samples_are_trusted_and_few_are_not() -> None:
    shares = [found.share for n in (20, 100, 1000, 20_000) if (found := choose_shrinkage(halves(n, 1.0)))]
    assert len(shares) == 4
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.1
    assert shares[-1] < 0.01


def test_errors_are_larger_where_half_of_the_samples_have_more_power() -> None:
    first, second = halves(1000, 1.0)
    alike = choose_shrinkage((first, second))
    unlike = choose_shrinkage((first, 9 * second))
    assert alike is not None
    assert unlike is not None
    assert 1 <= alike.inflation < 1.1
    assert unlike.inflation > 2


def test_moments_that_are_zero_or_none_tell_nothing() -> None:
    nothing = np.zeros((1, SIZE, SIZE))
    assert choose_shrinkage((nothing, nothing)) is None
    first, second = halves(100, 1.0)
    assert choose_shrinkage((-first, -second)) is None


def test_an_input_seen_in_one_half_only_does_no_harm() -> None:
    first, second = halves(1000, 1.0)
    first[0, 5], first[0, :, 5] = 0, 0
    found = choose_shrinkage((first, second))
    assert found is None or 0 < found.share <= 0.75


def test_equal_answers_are_noticed() -> None:
    rng = np.random.default_rng(0)
    network = Network(decisive().SerializeToString())

    def reference(scale: float, count: int) -> Reference:
        image = rng.normal(size=(1, 3, 12, 12))
        images = [image + scale * rng.normal(size=image.shape) for _ in range(count)]
        return Reference(network, Samples([{"image": x.astype(np.float32)} for x in images]))

    assert lack_of_variation(reference(2.0, 6)) == ""
    assert "hardly differ" in lack_of_variation(reference(0.001, 6))
    assert "only one" in lack_of_variation(reference(1.0, 1))


def test_answers_are_compared_with_those_of_equal_shape() -> None:
    rng = np.random.default_rng(0)
    nodes = [helper.make_node("Gemm", ["x", "w"], ["h"]), helper.make_node("Softmax", ["h"], ["y"], axis=1)]
    weights = 4 * rng.normal(size=(8, 10)).astype(np.float32)
    model = model_of(nodes, {"w": weights}, {"x": ("n", 8)}, {"y": ("n", 10)})
    network = Network(model.SerializeToString())

    def lack(inputs: list[NDArray[np.float64]]) -> str:
        samples = Samples([{"x": x.astype(np.float32)} for x in inputs])
        return lack_of_variation(Reference(network, samples))

    alike = rng.normal(size=(3, 8))
    assert "hardly differ" in lack([alike[:2], alike[:2], alike, alike])
    assert lack([rng.normal(size=(2, 8)), rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), alike]) == ""
    assert lack([alike[:2], alike]) == ""


def test_weights_tell_where_few_inputs_are() -> None:
    # Inputs and weights lie near the same few directions, of which 20 samples show not all.
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(12, SIZE))

    def moments(count: int) -> NDArray[np.float64]:
        x = rng.normal(size=(count, 12)) @ directions + 0.1 * rng.normal(size=(count, SIZE))
        return (x.T @ x / count)[None]

    def moments_of(rows: NDArray[np.floating]) -> NDArray[np.float64]:
        return prior_moments(rows, np.ones((1, 1, 1)), np.arange(SIZE))

    first, second = moments(10), moments(10)
    weights = (rng.normal(size=(1, 200, 12)) @ directions).astype(np.float32)
    unlike = rng.normal(size=(1, 200, SIZE)).astype(np.float32) * np.geomspace(1, 100, SIZE, dtype=np.float32)
    own = moments_of(weights)
    alone, weight_prior, other = (
        choose_shrinkage((first.copy(), second.copy()), own)
        for own in (None, moments_of(weights), moments_of(unlike))
    )
    assert alone is not None
    assert weight_prior is not None
    assert (alone.prior_share, weight_prior.prior_share) == (0, 0.9)
    assert other == alone
    both = (first + second) / 2
    truth = moments(100_000)

    def output_error(found: Shrinkage) -> float:
        """Return the power of the output error of noise of one rate that is shaped for shrunk moments."""
        shrunk = found.shrink(both, own)
        return float(np.trace(np.linalg.solve(shrunk[0], truth[0]))) * float(
            np.exp(np.linalg.slogdet(shrunk[0])[1] / SIZE)
        )

    assert output_error(weight_prior) < 0.7 * output_error(alone)
    # As much power in all as there was.
    assert np.trace(weight_prior.shrink(both, own)[0]) == pytest.approx(np.trace(both[0]))


def test_kernels_tell_about_channels_and_samples_about_kernel_positions() -> None:
    rng = np.random.default_rng(0)
    blocks, rows, channels, taps = 2, 5, 4, 3
    weights = rng.normal(size=(blocks, rows, channels, taps))
    x = rng.normal(1, 1, size=(blocks, 100, channels, taps)) + rng.normal(size=(blocks, 100, channels, 1))
    flat = x.reshape(blocks, 100, -1)
    moments, mean = flat.swapaxes(1, 2) @ flat / 100, flat.mean(axis=1)
    around = x - x.mean(axis=1, keepdims=True)
    columns = np.array([0, 4, 5, 11])
    kernel = kernel_moments(moments, mean, taps)
    found = prior_moments(weights.reshape(blocks, rows, -1), kernel, columns)
    for block in range(blocks):
        across = np.einsum("rci,rdi->cd", weights[block], weights[block])
        within = np.einsum("nci,ncj->ij", around[block], around[block]) / 100
        whole = np.kron(across, within)
        np.testing.assert_allclose(found[block], whole[np.ix_(columns, columns)])

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nntc.encoder.calibration import Along
from nntc.encoder.calibration.shrinkage import Shrinkage
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.metric import output_metric
from nntc.format.registry import ViewKind
from nntc.format.transform import Transform
from nntc.format.view import View

RNG = np.random.default_rng(0)
ROWS, SIZE = 6, 18
INPUTS = (RNG.normal(1, 1, (500, SIZE)) @ RNG.normal(0, 1, (SIZE, SIZE))).astype(np.float32)
MATRIX = RNG.normal(0, 1, (ROWS, SIZE))
KNOWN = TensorStatistics(
    View(ViewKind.MATRIX, ROWS, 2, 9),
    (INPUTS.T @ INPUTS / np.float32(500))[None],
    INPUTS.mean(axis=0)[None],
    Along.ROWS,
    images=100,
    vectors=500,
    positions=5,
    cross_validated=Shrinkage(0.05, 1.0),
)


def test_power_is_that_of_the_outputs() -> None:
    outputs = MATRIX @ INPUTS.T.astype(np.float64)
    assert output_metric(KNOWN, MATRIX, 0.01, centred=False).power(MATRIX) == pytest.approx(
        (outputs**2).mean(axis=1).sum(), rel=1e-4
    )
    assert output_metric(KNOWN, MATRIX, 0.01, centred=True).power(MATRIX) == pytest.approx(
        outputs.var(axis=1).sum(), rel=1e-4
    )


def test_factors_are_triangular_and_tell_the_power_of_errors() -> None:
    metric = output_metric(KNOWN, MATRIX, 1e-6, centred=False)
    np.testing.assert_array_equal(metric.factors[0], np.triu(metric.factors[0]))
    error = RNG.normal(0, 1, (ROWS, SIZE))
    assert ((error @ metric.factors[0]) ** 2).sum() == pytest.approx(metric.power(error), rel=0.3)


def test_a_transform_changes_the_domain_and_not_the_power() -> None:
    transform = Transform(3, 3)
    coefficients = forward(MATRIX.ravel(), transform).reshape(MATRIX.shape)
    plain = output_metric(KNOWN, MATRIX, 0.01, centred=True)
    transformed = output_metric(KNOWN, coefficients, 0.01, transform, centred=True)
    assert transformed.power(coefficients) == pytest.approx(plain.power(MATRIX), rel=1e-3)


def test_weights_count_as_far_as_statistics_say() -> None:
    own = RNG.normal(0, 1, (SIZE, SIZE)).astype(np.float32)
    own = (own @ own.T)[None]
    weight_prior = replace(KNOWN, cross_validated=Shrinkage(1.0, prior_share=1.0), weight_prior=own)
    transform = Transform(3, 3)
    error = RNG.normal(0, 1, (ROWS, SIZE))
    expected = ((error @ own[0]) * error).sum() * np.trace(KNOWN.moment[0]) / np.trace(own[0])
    plain = output_metric(weight_prior, MATRIX, 1e-6, centred=False)
    assert ((error @ plain.factors[0]) ** 2).sum() == pytest.approx(expected, rel=0.01)
    coefficients = [forward(matrix.ravel(), transform).reshape(matrix.shape) for matrix in (MATRIX, error)]
    transformed = output_metric(weight_prior, coefficients[0], 1e-6, transform, centred=False)
    assert ((coefficients[1] @ transformed.factors[0]) ** 2).sum() == pytest.approx(expected, rel=0.01)


def test_blocks_of_columns_are_summed() -> None:
    halves = replace(
        KNOWN,
        moment=np.stack([KNOWN.moment[0, :9, :9], KNOWN.moment[0, 9:, 9:]]),
        mean=KNOWN.mean.reshape(2, 9),
        along=Along.COLUMNS,
    )
    first, second = MATRIX[:, :9], MATRIX[:, 9:]
    parts = zip((first, second), halves.moment, strict=True)
    expected = sum(float(((part @ moment) * part).sum()) for part, moment in parts)
    assert output_metric(halves, MATRIX, 0.01, centred=False).power(MATRIX) == pytest.approx(expected)


@pytest.mark.parametrize("dead", [0, 7])
def test_dead_inputs_are_no_obstacle(dead: int) -> None:
    moment = KNOWN.moment.copy()
    moment[0, dead], moment[0, :, dead] = 0, 0
    mean = KNOWN.mean.copy()
    mean[0, dead] = 0
    metric = output_metric(replace(KNOWN, moment=moment, mean=mean), MATRIX, 0.01, centred=True)
    assert np.isfinite(metric.factors).all()
    assert (np.diagonal(metric.factors[0]) > 0).all()


def test_statistics_of_no_use_are_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        output_metric(replace(KNOWN, moment=-KNOWN.moment), MATRIX, 0.01, centred=False)

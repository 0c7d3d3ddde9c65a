"""Reports: ratios, bits and errors of models and tensors."""

from __future__ import annotations

import pytest
from nntc.encoder.report import EncodeReport, TensorReport


def tensor(size: int, error: float, copies: int = 1) -> TensorReport:
    return TensorReport("t", "dense", "float32", size, "uniform", size / 4, error, "", copies=copies)


def test_a_models_error_is_the_mean_of_squares_by_size() -> None:
    report = EncodeReport(4000, 500, 100, 1000, (tensor(600, 0.1), tensor(200, 0.0)), ())
    assert report.error == pytest.approx((600 * 0.01 / 1000) ** 0.5)  # 200 are in the graph, exact
    assert report.ratio == 8
    assert report.bits_per_weight == 8 * 400 / 800
    assert report.tensors[0].bits_per_weight == 2


def test_copies_count_as_often_as_the_model_has_them() -> None:
    once = EncodeReport(1, 1, 0, 900, (tensor(300, 0.2, 3),), ())
    apart = EncodeReport(1, 1, 0, 900, (tensor(300, 0.2),) * 3, ())
    assert once.error == pytest.approx(apart.error) == pytest.approx(0.2)


def test_a_model_without_tensors_has_no_error() -> None:
    report = EncodeReport(10, 5, 5, 0, (), ())
    assert (report.error, report.bits_per_weight) == (0, 0)

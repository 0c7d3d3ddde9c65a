"""Curves: what is measured, and how it is written down."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.encode import encode_bytes
from nntc.encoder.encoding import build
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import calibrate
from nntc.encoder.samples import load_samples
from nntc.encoder.sweep import Curves, SweepMethod, SweepPoint, sweep
from nntc.encoder.workers import Workers

from tests import networks
from tests.encoder.sweep.curves import MODEL, samples


def test_points_are_those_of_encodings_of_their_own(curves: Curves) -> None:
    assert curves.methods == [SweepMethod.AUTO, SweepMethod.DCT]
    assert [point.setting for point in curves.points] == [
        "34 dB", "22 dB", "10 dB", "8 bits", "5 bits", "2 bits"
    ]  # fmt: skip
    for method in curves.methods:
        points = curves.of(method)
        assert [p.size for p in points] == sorted((p.size for p in points), reverse=True)
        assert [p.error for p in points] == sorted(p.error for p in points)
        assert points[0].fidelity.divergence < points[-1].fidelity.divergence
    data, report = encode_bytes(MODEL, quality=22, evaluation=samples(labelled=True))
    point = curves.points[1]
    assert isinstance(point, SweepPoint)
    assert point.error == report.error
    assert point.fidelity == report.fidelity
    data, report = encode_bytes(MODEL, quality=22)
    assert (point.size, point.ratio) == (len(data), report.ratio)
    assert point.bits_per_weight == report.bits_per_weight


def test_calibrated_encodings_are_compared_on_the_same_samples() -> None:
    model = networks.decisive().SerializeToString()
    coarse = np.random.default_rng(3).normal(0, 3, (64, 1, 3, 4, 4))
    images = [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]
    found = sweep(model, calibration=images, trust_samples=True, methods=["calibrated", "auto"], points=2)
    assert found.measured_on == "held-out calibration"
    assert {point.fidelity.samples for point in found.points} == {16}
    kept = [sample for number, sample in enumerate(images) if number % 4]
    with open_model(model) as opened, Workers(1) as workers:
        loaded = load_samples(kept, opened.network().inputs)
        _, report = build(opened, calibrate(opened, loaded), check_options(quality=34), workers)
    assert found.points[0].size == report.size != found.points[2].size


def test_points_do_not_depend_on_the_order_of_methods() -> None:
    model = networks.decisive().SerializeToString()
    coarse = np.random.default_rng(3).normal(0, 3, (32, 1, 3, 4, 4))
    images = [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]
    orders = (["calibrated", "auto", "dct"], ["dct", "auto", "calibrated"])
    one, other = (
        sweep(model, calibration=images, trust_samples=True, methods=order, points=2) for order in orders
    )
    assert all(one.of(method) == other.of(method) for method in one.methods)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"points": 1}, "points must be 2 to 50"),
        ({"points": 51}, "points must be 2 to 50"),
        ({"methods": []}, "there must be a method"),
        ({"methods": ["auto", "jpeg"]}, "jpeg"),
        ({"methods": ["calibrated"]}, "needs calibration samples"),
        ({"evaluation": None}, "there must be samples"),
    ],
)
def test_arguments_out_of_range(chosen: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        sweep(MODEL, **{"evaluation": samples(), **chosen})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen", "reason"), [({"points": "7"}, "not '7'"), ({"methods": "dct"}, "not 'dct'")]
)
def test_arguments_of_other_types(chosen: dict[str, object], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        sweep(MODEL, **{"evaluation": samples(), **chosen})  # type: ignore[arg-type]
